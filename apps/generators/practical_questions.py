"""Questions of the sample on practical matters: learning, travel, health, goals, devices."""

from __future__ import annotations

from question_concepts import Group

PRACTICAL_GROUPS: dict[str, Group] = {
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
}
