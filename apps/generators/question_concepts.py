"""Concepts of the synthetic questions, and the class of a group of questions about them.

A *concept* is a list of surface forms of equal meaning, separated by ``|``; a verb has its bare
form and its -ing form, separated by ``/``. A *frame* is one question, with templates that ask it in
different words. The frames of a *group* ask different questions about the same concepts: they share
most words but are no duplicates. All text was written for this sample.
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

# Concepts of one kind; a question compares two of them.
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


def _split(text: str) -> list[str]:
    return [" ".join(concept.split()) for concept in text.split(";")]


CONCEPTS: dict[str, list[str]] = {kind: _split(concepts) for kind, concepts in _CONCEPTS.items()}
RIVALS: list[list[str]] = [_split(line) for line in _RIVALS]


@dataclass(frozen=True)
class Group:
    """Frames about the same concepts.

    Attributes:
        slots: the kinds of the concepts; "rival1" and "rival2" are two of one list of `RIVALS`.
        frames: the templates of each question. ``{x}`` is a surface form of the concept x,
            ``{x:ing}`` its -ing form, ``{option}`` a form of `option` or nothing.
        option: the kind of concept for ``{option}``.
        mirrored: frames that ask the same if their two concepts are swapped; swapping makes
            another question of all other frames with two concepts of one kind.
    """

    slots: dict[str, str]
    frames: dict[str, list[str]]
    option: str | None = None
    mirrored: frozenset[str] = frozenset()
