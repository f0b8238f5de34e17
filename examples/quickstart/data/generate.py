#!/usr/bin/env python3
"""Writes the quickstart's data. Everything is invented; the seed is fixed, so every run writes the same files."""

import csv
import pathlib
import random

USERS, EVENTS, TASKS, PARTICIPANTS = 500, 400, 2800, 1500

FIRST = """Ada Amir Anja Boris Carmen Chloe Dario Dilek Edda Elias Farah Felix Greta Hana Hugo Ines Ivo Jana Jonas
Kaya Lars Lena Luca Malik Mara Milan Nadia Nils Noor Olga Oskar Paula Pia Rafael Rosa Samir Selma Silas Tara Theo
Uma Vera Viktor Wanda Yara Yusuf Zoe Zora""".split()
LAST = """Abel Almeida Bauer Becker Brandt Castillo Chen Costa Dahl Demir Diaz Eklund Ferrari Fischer Fontaine Garcia
Haddad Hansen Ito Jansen Kaya Keller Kovac Lang Laurent Lindgren Marin Meyer Moreau Nagy Novak Okafor Olsen Park
Petrov Ricci Romero Rossi Sato Silva Sommer Tanaka Vogel Weber Winter Yilmaz Zimmermann""".split()
CITIES = """Altdorf Bergen Brno Cadiz Delft Evora Faro Ghent Graz Kotor Lund Namur Olomouc Parma Pula Split Tampere
Trieste Turku Vigo""".split()
KINDS = ["Lantern Festival", "Book Fair", "Jazz Night", "Street Food Market", "Science Day", "Harbour Run",
         "Puppet Theatre Week", "Open Studios", "Robotics Workshop", "Choir Meeting", "Kite Festival", "Rust Conference",
         "Seed Swap", "Short Film Night", "Repair Café", "Chess Open", "Bicycle Parade", "Maker Fair", "Poetry Slam",
         "Neighbourhood Picnic"]
PLACES = ["Town Hall", "Old Brewery", "City Park", "Harbour Shed 4", "University Library", "Market Square",
          "Tram Depot", "School Gym", "Botanical Garden", "Community Centre"]
GOALS = ["a full house", "500 visitors", "first-timers welcome", "no waste", "three new sponsors", "a quiet evening"]
TASKS_TO_DO = ["Book the stage", "Print the programme", "Order chairs", "Write the press release", "Hang the posters",
               "Call the fire brigade", "Rent a generator", "Find volunteers", "Check the microphones", "Set up the tents",
               "Brief the stewards", "Bake for the opening", "Draw the site plan", "Count the tickets",
               "Answer the neighbours", "Collect the bins", "Light the path", "Prepare the first-aid kit",
               "Welcome the speakers", "Return the keys"]
ZONES = ["Europe/Berlin", "Europe/Lisbon", "Europe/Helsinki", "Europe/Zagreb", "Asia/Tokyo"]

choose = random.Random(20260101)
here = pathlib.Path(__file__).parent


def write(name, header, rows):
    with open(here / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


def pick(items):
    return items[int(choose.random() * len(items))]


def number(top):
    return 1 + int(choose.random() * top)


write("users", ["id", "first_name", "last_name", "time_zone"],
      [[i, pick(FIRST), pick(LAST), pick(ZONES)] for i in range(1, USERS + 1)])
write("events", ["id", "name", "location", "goal"],
      [[i, f"{CITIES[i % 20]} {KINDS[i // 20 % 20]}", pick(PLACES), pick(GOALS)] for i in range(1, EVENTS + 1)])
write("tasks", ["id", "event_id", "owner_id", "title"],
      [[i, number(EVENTS), number(USERS) if choose.random() < 0.9 else "", pick(TASKS_TO_DO)]
       for i in range(1, TASKS + 1)])
pairs = set()
while len(pairs) < PARTICIPANTS:
    pairs.add((number(USERS), number(EVENTS)))
write("participants", ["id", "user_id", "event_id"],
      [[i, user, event] for i, (user, event) in enumerate(sorted(pairs), 1)])
