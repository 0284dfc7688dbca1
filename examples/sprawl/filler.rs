//! Modules without databases, as most modules of real trees are. Some words of theirs only sound like one.

/// A module that any seed decides wholly.
#[must_use]
pub fn module(seed: u64) -> String {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut text = format!("\"\"\"{} {}.\"\"\"\nimport json\nimport math\n", dice.of(&SUBJECTS), dice.of(&VERBS));
    for index in 0..4 + dice.below(8) {
        let verb = dice.of(&VERBS);
        let subject = dice.of(&SUBJECTS).to_lowercase();
        let number = dice.below(90) + 2;
        let body = match dice.below(4) {
            0 => format!(
                "    total = 0\n    for index, value in enumerate(values):\n        total += value * {number} - index\n    return total / max(len(values), 1)\n"
            ),
            1 => format!(
                "    found = [value for value in values if value % {number}]\n    return json.dumps({{\"{subject}\": found, \"limit\": {number}}})\n"
            ),
            2 => format!(
                "    if not values:\n        return None\n    # the store keeps {number} of them\n    return math.sqrt(sum(value * value for value in values)) + {number}\n"
            ),
            _ => format!("    words = \"{subject} %d\"\n    return [words % value for value in values[:{number}]]\n"),
        };
        text.push_str(&format!("\n\ndef {verb}_{subject}_{index}(values=()):\n{body}"));
    }
    if dice.below(3) == 0 {
        text.push_str(CLASS);
    }
    text
}

const SUBJECTS: [&str; 12] = [
    "Rooms", "Lamps", "Doors", "Guests", "Meals", "Letters", "Keys", "Clocks", "Plants", "Rules", "Signals", "Colours",
];
const VERBS: [&str; 10] =
    ["count", "sort", "weigh", "compare", "gather", "arrange", "measure", "label", "schedule", "combine"];

const CLASS: &str = "\n\nclass Holder:\n    def __init__(self, db=None):\n        self.db = db\n\n    def get(self, key):\n        return self.db.get(key) if self.db else None\n";

struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let index = usize::try_from(self.below(words.len() as u64)).unwrap_or(0);
        words[index]
    }
}
