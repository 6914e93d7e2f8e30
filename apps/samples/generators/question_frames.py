"""The language of the synthetic questions: what they ask, of what, and in which words.

A *concept* is a list of surface forms that mean the same, parted by ``|``; a verb gives its bare
form and its -ing form, parted by ``/``. A *frame* is one thing to ask, with the templates that ask
it in different words. Frames of one *group* ask different things about the same concepts: they
share most of their words and yet are no duplicates of each other.

All of it was written for this sample.
"""

from __future__ import annotations

from dataclasses import dataclass

_CONCEPTS: dict[str, str] = {
    "skill": """
        Python|coding in Python; JavaScript; photo editing|Photoshop; the guitar; the piano;
        swimming; chess; drawing; French; Japanese; public speaking
    """,
    "pace": """
        quickly|in a short time; for free|without paying; on my own;
        in one month; in one year; as an adult
    """,
    "city": """
        Paris; London; Tokyo; New York|NYC; Mumbai|Bombay; Berlin; Los Angeles|LA; Rome; Sydney;
        Singapore; Toronto; Dubai; Chicago; Istanbul
    """,
    "company": """
        with kids; alone; in winter; in summer; on a small budget
    """,
    "ailment": """
        headaches|pain in my head; acne|pimples; insomnia; back pain; hair loss;
        heartburn|acid reflux; a cold; anxiety; dandruff; bad breath; a cough;
        dry skin
    """,
    "when": """
        at night; in the morning; after exercise|after a workout; during pregnancy;
        in children
    """,
    "goal": """
        lose weight/losing weight|slim down/slimming down; gain weight/gaining weight;
        build muscle/building muscle|get stronger/getting stronger;
        sleep better/sleeping better; wake up early/waking up early;
        quit smoking/quitting smoking;
        save money/saving money|put cash aside/putting cash aside;
        make friends/making friends; become confident/becoming confident;
        get over a breakup/getting over a breakup;
        find a job/finding a job; start a business/starting a business; read more/reading more;
        stop procrastinating/stopping procrastination
    """,
    "how_far": """
        quickly|in a short time; naturally; at home; as a teenager|at sixteen;
        after 50; in a month
    """,
    "app": """
        Facebook|FB; Instagram; Gmail; Twitter; WhatsApp; LinkedIn; Snapchat; Netflix;
        Skype; YouTube; PayPal; Reddit
    """,
    "device": """
        on an iPhone; on Android; on a computer; without a phone number; without my email
    """,
    "gadget": """
        iPhone; Android phone; MacBook; Windows laptop; tablet; printer;
        TV|television; car; camera; washing machine
    """,
    "fault": """
        slow|sluggish; hot|overheated; noisy|loud; broken|not working; frozen; wet
    """,
    "dish": """
        rice; pasta; chicken curry; pizza; scrambled eggs; bread; pancakes;
        chocolate cake; tomato soup; a steak; mashed potatoes; lentils|dal
    """,
    "lacking": """
        without an oven; without eggs; without milk; in a microwave;
        for ten people
    """,
    "thing": """
        a microwave oven; a jet engine; a solar panel; WiFi|wireless internet; GPS;
        a vaccine; a battery; the telephone; radar; a laser; an electric car; a 3D printer
    """,
    "choice": """
        working from home|remote work; studying abroad; renting a flat;
        a vegetarian diet|eating no meat; nuclear power; driving an electric car;
        social media|social networking; online education; living alone; having a pet; gaming;
        wearing a school uniform
    """,
    "for_whom": """
        for students; for children; for old people|for seniors; for women;
        for small companies
    """,
    "amount": """
        $100; $500; $1,000|1000 dollars; $5,000; $10,000; $50,000; 200 euros;
        2,000 pounds
    """,
    "person": """
        a student; a teenager; a housewife|a stay-at-home mom;
        a retired person; a teacher; a nurse; a programmer|a software developer;
        a beginner
    """,
    "relative": """
        boyfriend; girlfriend; husband; wife; best friend; boss|manager;
        mother|mom; father|dad; brother; roommate; neighbor
    """,
    "deed": """
        ignore/ignoring|avoid/avoiding; lie to/lying to; trust/trusting;
        hate/hating|dislike/disliking; love/loving; criticize/criticizing; admire/admiring;
        annoy/annoying|bother/bothering; miss/missing
    """,
    "metric": """
        metabolism; credit score|credit rating; blood sugar; heart rate|pulse;
        electricity bill; phone storage; website traffic; typing speed; appetite;
        internet speed; cholesterol; salary
    """,
    "drink": """
        coffee|espresso; green tea; beer; milk; red wine; energy drinks; lemon water;
        protein shakes; orange juice; cold water
    """,
    "event": """
        a workout|the gym; going to bed; a blood test; surgery|an operation; an exam;
        breakfast; a flight; dinner
    """,
}

# Concepts of one kind of which two are set against each other.
_RIVALS = [
    "an iPhone|an Apple phone; an Android phone|a Samsung phone; a Google Pixel",
    "Python; Java; JavaScript|JS; C++",
    "a cat|a kitten; a dog; a rabbit",
    "tea; coffee; hot chocolate",
    "running|jogging; cycling; swimming; walking",
    "stocks|shares; bonds; gold; real estate",
    "an MBA|a business degree; a PhD; a law degree",
    "football|soccer; cricket; tennis; basketball",
    "Linux; Windows; macOS",
    "paper books; e-books; audiobooks",
]


def _parted(text: str) -> list[str]:
    return [" ".join(concept.split()) for concept in text.split(";")]


CONCEPTS: dict[str, list[str]] = {kind: _parted(concepts) for kind, concepts in _CONCEPTS.items()}
RIVALS: list[list[str]] = [_parted(line) for line in _RIVALS]


@dataclass(frozen=True)
class Group:
    """Frames about the same concepts.

    frames: for each thing to ask the templates that ask it. ``{x}`` is a surface form of the
    concept x, ``{x:ing}`` its -ing form, ``{option}`` a form of `option` or nothing.
    slots: the kinds of the concepts; "rival1" and "rival2" are two out of one list of `RIVALS`.
    option: the kind of concept that may stand at ``{option}``.
    mirrored: frames whose two concepts may change places without changing what is asked; in all
    other frames with two concepts of one kind the change makes another question.
    """

    slots: dict[str, str]
    frames: dict[str, list[str]]
    option: str | None = None
    mirrored: frozenset[str] = frozenset()


GROUPS: dict[str, Group] = {
    "learning": Group(
        {"x": "skill"},
        {
            "how": [
                "How do I learn {x} {option}?",
                "What is the best way to learn {x} {option}?",
                "How can I get good at {x} {option}?",
                "I want to master {x} {option}. Where do I begin?",
            ],
            "why": [
                "Why should I learn {x}?",
                "What are the reasons for learning {x}?",
                "What do I gain from studying {x}?",
            ],
            "time": [
                "How long does it take to learn {x}?",
                "How many months do I need to get good at {x}?",
                "How much time is required to master {x}?",
            ],
            "book": [
                "What is the best book to learn {x}?",
                "Which books should I read about {x}?",
                "Can you recommend a textbook on {x}?",
            ],
        },
        option="pace",
    ),
    "visiting": Group(
        {"x": "city"},
        {
            "see": [
                "What are the best places to visit in {x} {option}?",
                "What should a tourist see in {x} {option}?",
                "Which sights in {x} should I not miss {option}?",
                "I am travelling to {x} {option}. What are the top attractions?",
            ],
            "eat": [
                "What are the best places to eat in {x} {option}?",
                "Which restaurants in {x} do you recommend {option}?",
                "Where can I get good food in {x} {option}?",
            ],
            "safe": [
                "Is it safe to visit {x} {option}?",
                "How dangerous is {x} for tourists {option}?",
                "Should I worry about crime in {x} {option}?",
            ],
            "live": [
                "How expensive is it to live in {x}?",
                "What is the cost of living in {x}?",
                "How much money do I need per month in {x}?",
            ],
        },
        option="company",
    ),
    "way": Group(
        {"x": "city", "y": "city"},
        {
            "route": [
                "How do I get from {x} to {y}?",
                "What is the best way to travel from {x} to {y}?",
                "How can I reach {y} if I start in {x}?",
            ],
            "price": [
                "How much does it cost to fly from {x} to {y}?",
                "What is the price of a ticket from {x} to {y}?",
                "How expensive are flights to {y} from {x}?",
            ],
            "far": [
                "How far is {x} from {y}?",
                "What is the distance between {x} and {y}?",
                "How many miles lie between {x} and {y}?",
            ],
        },
        mirrored=frozenset({"far"}),
    ),
    "health": Group(
        {"x": "ailment"},
        {
            "cure": [
                "How do I get rid of {x} {option}?",
                "What is the best treatment for {x} {option}?",
                "Which home remedy helps against {x} {option}?",
                "What can I do to stop {x} {option}?",
            ],
            "cause": [
                "What is the cause of {x} {option}?",
                "Why do I get {x} {option}?",
                "What are the reasons behind {x} {option}?",
                "Where does {x} come from {option}?",
            ],
            "food": [
                "What is the best food for {x}?",
                "Which foods help against {x}?",
                "What should I eat if I have {x}?",
            ],
            "worse": [
                "What is the worst food for {x}?",
                "Which foods should I avoid with {x}?",
                "What should I not eat if I have {x}?",
            ],
        },
        option="when",
    ),
    "goals": Group(
        {"x": "goal"},
        {
            "how": [
                "How can I {x} {option}?",
                "What is the best way to {x} {option}?",
                "Any advice on {x:ing} {option}?",
                "What are some tips for {x:ing} {option}?",
            ],
            "hard": [
                "Why is it so hard to {x}?",
                "What stops me from {x:ing}?",
                "What makes {x:ing} so difficult?",
            ],
            "time": [
                "How long does it take to {x}?",
                "How soon can I {x}?",
                "How many weeks does {x:ing} need?",
            ],
            "app": [
                "Which app helps me to {x}?",
                "What is the best app to {x}?",
                "Is there a good app for {x:ing}?",
            ],
        },
        option="how_far",
    ),
    "accounts": Group(
        {"x": "app"},
        {
            "delete": [
                "How do I delete my {x} account {option}?",
                "How can I close a {x} profile forever {option}?",
                "What is the way to permanently remove an account on {x} {option}?",
                "I want to leave {x} for good {option}. What do I click?",
            ],
            "recover": [
                "How do I recover my {x} account {option}?",
                "How can I get back into {x} {option}?",
                "What is the way to regain access to an account on {x} {option}?",
            ],
            "create": [
                "How do I create a {x} account {option}?",
                "How can I sign up for {x} {option}?",
                "What is the way to open a new account on {x} {option}?",
            ],
            "block": [
                "How do I block someone on {x} {option}?",
                "How can I stop a person from contacting me on {x} {option}?",
                "What is the way to ban a user on {x} {option}?",
            ],
        },
        option="device",
    ),
    "gadgets": Group(
        {"x": "gadget", "y": "fault"},
        {
            "why": [
                "Why is my {x} so {y}?",
                "What makes my {x} {y}?",
                "What is the reason my {x} is {y}?",
            ],
            "fix": [
                "How do I fix a {x} that is {y}?",
                "What can I do if my {x} is {y}?",
                "My {x} is {y}. How do I repair it?",
            ],
            "new": [
                "Should I buy a new {x} if mine is {y}?",
                "My {x} is {y}. Is it time to replace it?",
                "Is it better to get another {x} when the old one is {y}?",
            ],
        },
    ),
    "cooking": Group(
        {"x": "dish"},
        {
            "how": [
                "How do I cook {x} {option}?",
                "What is the best recipe for {x} {option}?",
                "How should I prepare {x} {option}?",
                "I feel like having {x} {option}. What are the steps?",
            ],
            "long": [
                "How long do I cook {x}?",
                "How many minutes does {x} take?",
                "When is {x} done?",
            ],
            "with": [
                "What goes well with {x}?",
                "What should I serve with {x}?",
                "Which side dish fits {x}?",
            ],
            "healthy": [
                "Is {x} healthy?",
                "Is {x} good for you?",
                "Does eating {x} harm your body?",
            ],
        },
        option="lacking",
    ),
    "science": Group(
        {"x": "thing"},
        {
            "work": [
                "How does {x} work?",
                "What is the principle behind {x}?",
                "Can somebody explain {x} in simple words?",
            ],
            "who": [
                "Who invented {x}?",
                "Which person came up with {x}?",
                "Whose idea was {x}?",
            ],
            "danger": [
                "How dangerous is {x}?",
                "Is {x} safe?",
                "Can {x} hurt people?",
            ],
        },
    ),
    "opinions": Group(
        {"x": "choice"},
        {
            "pros": [
                "What are the advantages of {x} {option}?",
                "What are the benefits of {x} {option}?",
                "What is good about {x} {option}?",
            ],
            "cons": [
                "What are the disadvantages of {x} {option}?",
                "What are the drawbacks of {x} {option}?",
                "What is bad about {x} {option}?",
            ],
            "like": [
                "Why do people like {x}?",
                "Why is {x} so popular?",
                "How did {x} win so many fans?",
            ],
            "dislike": [
                "Why do people not like {x}?",
                "Why is {x} so unpopular?",
                "How did {x} make so many enemies?",
            ],
        },
        option="for_whom",
    ),
    "money": Group(
        {"x": "amount", "y": "person"},
        {
            "earn": [
                "How can {y} earn {x} a month?",
                "What is the best way to make {x} a month as {y}?",
                "I am {y}. How do I get an income of {x} a month?",
            ],
            "invest": [
                "How should {y} invest {x}?",
                "What is the best investment of {x} for {y}?",
                "I am {y}. Which funds should I buy with {x}?",
            ],
            "borrow": [
                "How can {y} borrow {x}?",
                "What is the best way to get a loan of {x} as {y}?",
                "I am {y}. Which bank gives me a credit of {x}?",
            ],
        },
    ),
    "people": Group(
        {"x": "relative", "y": "deed"},
        {
            "why they": [
                "Why does my {x} {y} me?",
                "What makes my {x} {y} me?",
                "My {x} seems to {y} me. What is the reason?",
            ],
            "why I": [
                "Why do I {y} my {x}?",
                "What makes me {y} my {x}?",
                "I seem to {y} my {x}. What is the reason?",
            ],
            "stop": [
                "How do I learn not to {y} my {x}?",
                "How can I stop {y:ing} my {x}?",
                "I want to no longer {y} my {x}. What can I do?",
            ],
        },
    ),
    "levels": Group(
        {"x": "metric"},
        {
            "up": [
                "How do I increase my {x} {option}?",
                "What is the best way to raise my {x} {option}?",
                "How can I boost my {x} {option}?",
            ],
            "down": [
                "How do I decrease my {x} {option}?",
                "What is the best way to lower my {x} {option}?",
                "How can I reduce my {x} {option}?",
            ],
            "check": [
                "How do I check my {x} {option}?",
                "What is the best way to measure my {x} {option}?",
                "How can I find out my {x} {option}?",
            ],
        },
        option="how_far",
    ),
    "drinks": Group(
        {"x": "drink", "y": "event"},
        {
            "before": [
                "Can I drink {x} before {y}?",
                "Is it okay to have {x} before {y}?",
                "Should I avoid {x} prior to {y}?",
            ],
            "after": [
                "Can I drink {x} after {y}?",
                "Is it okay to have {x} after {y}?",
                "Should I avoid {x} following {y}?",
            ],
        },
    ),
    "rivals": Group(
        {"x": "rival1", "y": "rival2"},
        {
            "better": [
                "Which is better, {x} or {y}?",
                "Should I choose {x} or {y}?",
                "Between {x} and {y}, what would you take?",
            ],
            "switch": [
                "Should I switch from {x} to {y}?",
                "Is it a good idea to give up {x} for {y}?",
                "I am used to {x}. Would {y} be a good change?",
            ],
            "difference": [
                "What is the difference between {x} and {y}?",
                "How do {x} and {y} differ?",
                "In what way is {x} not the same as {y}?",
            ],
        },
        mirrored=frozenset({"better", "difference"}),
    ),
}
