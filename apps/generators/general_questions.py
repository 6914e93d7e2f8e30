"""Questions of the sample on cooking, science, opinions, money, people, drinks, comparisons."""

from __future__ import annotations

from question_concepts import Group

GENERAL_GROUPS: dict[str, Group] = {
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
            "who": ["Who invented {x}?", "Which person came up with {x}?", "Whose idea was {x}?"],
            "danger": ["How dangerous is {x}?", "Is {x} safe?", "Can {x} hurt people?"],
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
