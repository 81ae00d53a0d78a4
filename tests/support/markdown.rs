//! Reading pages of the documentation.

/// The blocks of code in a page that are of this language, without the lines that rustdoc hides.
pub(crate) fn code_blocks(page: &str, language: &str) -> impl Iterator<Item = String> {
    page.split("```")
        .skip(1)
        .step_by(2)
        .filter_map(move |block| {
            let (info, code) = block.split_once('\n').unwrap();
            let is_shown =
                |line: &&str| language != "rust" || !(*line == "#" || line.starts_with("# "));
            let lines = code
                .lines()
                .filter(is_shown)
                .map(|line| format!("{line}\n"));
            (info.split(',').next() == Some(language)).then(|| lines.collect())
        })
}
