"""Word lists and sentence templates of the synthetic news of `make_ner_sample.py`.

A template is words separated by blanks. `{slot}` is an entity of the story or a plain word, see
`make_ner_sample.Story`. All names are invented.
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words(
    """
    Ada Alan Alma Amir Anna Anton Arno Asha Astrid Bea Ben Boris Carla Carlos Cedric Chen
    Clara Dana Daniel Dario David Dora Edgar Elena Elif Emil Emma Erik Esther Eva Felix
    Fiona Frank Freya Georg Gina Grace Hana Hans Hassan Helen Henrik Hugo Ida Igor Ines
    Irene Ivan Ivy Jack Jan Jana Joan Jonas Jorge Judith Julia Karim Karl Kate Kofi Lara
    Lars Laura Lena Leo Lin Lucy Luis Maja Marco Maria Mark Marta Max Mei Mila Mina Mona
    Nadia Nils Nina Noor Olga Omar Oscar Otto Paul Petra Pia Rafael Ravi Rita Robin Rosa
    Ruth Sam Sara Selma Sergio Simon Sofia Stefan Sven Tariq Tessa Theo Tom Uma Vera Victor
    Wanda Yara Yusuf Zoe
    """
)

# A surname or a place is a beginning and an ending, some 400 names each. Most endings, but not all,
# determine the type.
NAME_BEGINNINGS = _words(
    """
    Al Ar Bal Bar Bel Ber Bor Bran Cal Car Cor Dal Dar Del Dor Dun El Fal Fen Gar Gel Gor
    Hal Har Hol Is Jor Kal Kel Kor Lan Lar Lin Lor Mal Mar Mel Mor Nor Ol Or Pal Pel Per Ral
    Ren Ros Sal Sel Sor Tal Tel Tor Ul Val Ver Vor Wal Wen Wil Yar Zel
    """
)
SURNAME_ENDS = _words("sen mann sky ova ini ez er ard ic berg aki ow son ell ova ton field")
PLACE_ENDS = _words(
    """
    ford ton ville burg moor haven mouth grad stad berg field port dale wick ona
    """
)
COUNTRY_ENDS = _words("onia aria istan ovia land ambia esia umba")
# Words that are also surnames or places; only the sentence disambiguates them.
WORD_SURNAMES = _words(
    """
    Baker Bishop Cook Day Fox Grant Hill King Law May Price Rice Stone West Young
    """
)
PLACE_WORDS = _words("Lake River Mount Port New North South East Saint Upper")

FIRM_WORDS = _words(
    """
    Apex Aurora Beacon Cascade Crown Delta Ember Falcon Granite Harbour Horizon Iron Jade
    Kestrel Lantern Meridian Nova Orbit Pioneer Quartz Raven Summit Titan Union Vertex
    Zenith
    """
)
FIRM_ENDS = _words(
    """
    Inc. Corp. Ltd. Group Industries Bank Airlines Motors Energy Foods Steel Media
    """
)
CLUB_ENDS = _words("United City Rovers Wanderers Athletic Rangers Stars Tigers Eagles Lions")
INSTITUTIONS = (
    "Ministry of {field}",
    "University of {place}",
    "{place} University",
    "{place} Police Department",
    "{nation} Parliament",
    "Bank of {country}",
    "National {field} Council",
    "{nation} Football Association",
    "Institute for {field}",
    "{place} Stock Exchange",
)
FIELDS = _words(
    """
    Agriculture Defence Education Energy Finance Health Justice Labour Science Trade
    """
)
EVENTS = (
    "{place} Open",
    "World Cup",
    "{nation} Grand Prix",
    "{country} Cup",
    "Treaty of {place}",
    "{place} Marathon",
    "Battle of {place}",
    "{firm} Classic",
    "Winter Games",
    "{nation} Championships",
)
PARTIES = _words("Liberal Labour Green National People's Unity Reform Freedom")

DAYS = _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
MONTHS = _words("January February March April May June July August September October November")
SPORTS = _words("SOCCER TENNIS CRICKET GOLF CYCLING BOXING ATHLETICS HOCKEY")
JOBS = _words("coach minister striker captain analyst lawyer engineer spokesman director judge")
GOODS = _words("wheat oil coffee copper steel rice gold cotton gas sugar")
THINGS = _words(
    """
    talks election match deal report strike vote trial plan bridge festival harvest
    """
)
ADJECTIVES = _words("new long late early sharp surprising quiet heavy final second difficult")

TEMPLATES: dict[str, tuple[str, ...]] = {
    "sport": (
        "{SPORT} - {PERSON_CAPS} WINS {EVENT_CAPS} .",
        "{SPORT} - {CITY_CAPS} BEATS {CITY2_CAPS} IN {EVENT_CAPS} .",
        "{CITY_CAPS} {date}",
        "{per} beat {per2} {set} {set} in the final of the {event} on {day} .",
        "{club} {n} {club2} {n}",
        "{club} lost {score} to {club2} in {city} on {day} .",
        "{per} ( {country} ) beat {per2} ( {country2} ) {set} {set}",
        "{last} , the {nation} {job} , scored twice for {club} .",
        "{n} . {per} ( {nation_team} ) {n} points",
        '" We were better than {club2} today , " said {last} .',
        "{club} 's {job} {per} is out of the {event} with a knee injury .",
        "The {nation} {job} joined {club} from {club2} in {month} .",
        "{last} won the {event} in {year} and hopes to win in {city2} , too .",
        "{nation} champion {last} will not play at the {event} .",
        "{club} signed {per} , {age} , from {club2} for ${n} million .",
        "{city} : {club} - {club2} {score} ( halftime {score} )",
        "Fans of {club} sang in {city2} until late on {day} .",
        "{per2} of {country2} was third behind {last} .",
    ),
    "business": (
        "{firm} said on {day} it would buy {firm2} for ${n} million .",
        "Shares of {firm} rose {n} percent in {city} .",
        "{firm} 's {job} {per} said sales in {country} fell in {month} .",
        "{last} left {firm2} in {year} to lead {firm} .",
        "{inst} expects {good} prices to rise .",
        "{country} exported {n} tonnes of {good} to {country2} in {month} .",
        "{CITY_CAPS} {date}",
        "{nation} {good} exports fell by {n} percent , the {inst} said .",
        "Analysts at {firm2} called the {thing} {adj} .",
        "{acronym} and {firm} plan a {adj} plant near {city2} .",
        "{per} , {job} at {firm} , did not answer calls .",
        "The {thing} between {firm} and {acronym} ended without result .",
        "{acronym} shares closed at {n} .",
        "{firm} employs {n} people in {city} and {city2} .",
        "Traders in {city2} said {nation2} buyers paid more for {good} .",
        "{last} 's successor at {firm} is {per2} .",
        "A strike at {firm} in {country2} has cost ${n} million , {last} said .",
    ),
    "politics": (
        "{country} 's {job} {per} met {per2} in {city} on {day} .",
        "{per} of the {party} said the {thing} was over .",
        "The {inst} in {city} rejected the {adj} {thing} .",
        "{last} will travel to {country2} for {adj} talks with {last2} .",
        "{nation} troops left {city2} after the {event} was signed .",
        "The {party} leads in {city} , {inst} said .",
        "{CITY_CAPS} {date}",
        "{nation} {job} {last} criticised {nation2} plans .",
        "{acronym} observers in {city2} said the {thing} was fair .",
        "Thousands of {nation_people} marched through {city} on {day} .",
        '" {country2} wants peace , " {last2} told reporters in {city2} .',
        "{per2} , who was born in {city2} , speaks {nation} and {nation2} .",
        "Police in {city} arrested {per} , a {job} of the {party} .",
        "{last} and {last2} signed the {event} in {year} .",
        "The {nation2} embassy in {city} was closed on {day} .",
        "{country} and {country2} opened a {adj} bridge .",
        "{inst} {job} {last} denied the {thing} .",
    ),
    "daily": (
        "Heavy rain is expected in {city} and {city2} on {day} .",
        "{n} people died when a bus left the road near {city2} .",
        "The {thing} was {adj} , a {job} said .",
        "{per} 's {adj} book tells the story of {city} .",
        "It was a {adj} {thing} .",
        "The train from {city} to {city2} was late again .",
        "{last} lives in {city} with two children .",
        "{per} and {per2} were married in {city2} in {month} {year} .",
        "A ship with {n} tonnes of {good} sank off {country} .",
        "Most of the {nation_people} in {city2} work for {firm} .",
        "{last} studied at the {inst} .",
        "The river rose by {n} metres in {month} .",
        "{acronym} said it knew nothing of the {thing} .",
        "She had read about {last} in a {nation} paper .",
        "{CITY_CAPS} {date}",
        "The {month} {thing} drew many people to {city} .",
        "Prices of {good} and {good} fell on {day} .",
        "Mr. {last} , a {nation2} {job} , won the prize in {year} .",
    ),
}
