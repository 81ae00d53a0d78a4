//! Names that people wrote, in messages about them.

/// The name in backquotes, if it looks like a name.
///
/// Whatever else stands where a name belongs may be a secret in the wrong place, and is not shown.
pub(crate) fn quoted(name: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !name.is_empty() && name.len() <= 128 && name.chars().all(is_name) {
        format!("`{name}`")
    } else {
        "(not shown, as it does not look like a name)".to_owned()
    }
}

/// The known name that `name` was probably meant to be.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // `api` for `environment.api` is the right name in the wrong place.
    let distance = |known: &str| match known.rsplit_once('.') {
        Some((_, last)) => edits(name, known).min(edits(name, last)),
        None => edits(name, known),
    };
    known
        .into_iter()
        .map(|known| (distance(known), known))
        .filter(|(distance, known)| *distance <= 1 + known.len() / 5)
        .min()
        .map(|(_, known)| known)
}

/// How many letters to insert, delete or replace (Levenshtein), comparing without case.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(!a.eq_ignore_ascii_case(&b));
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
