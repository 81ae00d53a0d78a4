//! Output with what differs from run to run named instead.

/// The text, with these parts in place of what they stand for, and `TIME` for each moment.
pub(crate) fn named(text: &str, parts: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (value, name) in parts {
        text = text.replace(value, name);
    }
    let lines = text.lines().map(|line| moments(line) + "\n");
    lines.collect()
}

/// With `TIME` in place of moments; and of what a clock shows, which is as it happens on a machine that hangs now and then.
fn moments(line: &str) -> String {
    if line.contains("clock of ") && line.ends_with(" this machine's") {
        let told = ["agrees with", "is "]
            .iter()
            .find_map(|told| line.find(told));
        return told.map_or(line.to_owned(), |at| format!("{}CLOCK", &line[..at]));
    }
    let is_moment = |word: &&str| {
        let shape: String = word
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        shape == "0000-00-00T00:00:00Z"
    };
    let words = line.split_inclusive([' ', ',', ';']).map(|word| {
        let end = word.trim_end_matches([' ', ',', ';']);
        if is_moment(&end) {
            word.replace(end, "TIME")
        } else {
            word.to_owned()
        }
    });
    words.collect()
}
