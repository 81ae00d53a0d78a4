//! Reading pages of the documentation.

/// The blocks of code in a page that are of one of these languages, without the lines that rustdoc hides.
pub(crate) fn code_blocks(page: &str, languages: &[&str]) -> impl Iterator<Item = String> {
    page.split("```")
        .skip(1)
        .step_by(2)
        .filter_map(move |block| {
            let (info, code) = block.split_once('\n').unwrap();
            let language = info.split(',').next().unwrap();
            let is_shown =
                |line: &&str| language != "rust" || !(*line == "#" || line.starts_with("# "));
            let lines = code
                .lines()
                .filter(is_shown)
                .map(|line| format!("{line}\n"));
            languages.contains(&language).then(|| lines.collect())
        })
}
