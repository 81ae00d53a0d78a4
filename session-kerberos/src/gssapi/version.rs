//! Which version of a library this is.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::library::Library;

/// Where each maker's libraries have their version, and who that is.
const MARKS: &[(&str, &str)] = &[("KRB5_BRAND: krb5-", "MIT krb5"), ("Heimdal ", "Heimdal")];
/// How the files are called that have one.
const KRB5: &str = "libkrb5.so";
/// More than any such library has.
const LONGEST: u64 = 64 << 20;

/// The library for people: maker and version, as far as files tell them, and where its own file is.
pub(crate) fn describe(library: &Library) -> String {
    let name = library.name();
    let file = loaded(name).next();
    let file = file.unwrap_or_else(|| PathBuf::from(name));
    let folder = file.parent();
    // Several may be loaded; the one that belongs to it is beside it.
    let mut versions = loaded(KRB5)
        .filter(|path| path.parent() == folder)
        .filter_map(|path| version(&read(&path)?))
        .filter(|version| version.starts_with("MIT") == name.contains("gssapi_krb5"));
    match versions.next() {
        Some(version) => format!("{version}, {}", file.display()),
        None => file.display().to_string(),
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let is_short = fs::metadata(path).is_ok_and(|file| file.len() <= LONGEST);
    is_short.then(|| fs::read(path).ok()).flatten()
}

/// The files that the process has loaded whose names begin like this; where the system does not tell, none.
fn loaded(name: &str) -> impl Iterator<Item = PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let path = |line: &str| line.split_once('/').map(|(_, path)| format!("/{path}"));
    let mut paths: Vec<_> = maps.lines().filter_map(path).map(PathBuf::from).collect();
    paths.dedup();
    // `libkrb5.so.3` is a link to `libkrb5.so.3.3`.
    let file = |path: &PathBuf| {
        path.file_name()?
            .to_str()
            .map(|file| file.starts_with(name))
    };
    paths.retain(|path| file(path) == Some(true));
    paths.into_iter()
}

fn version(file: &[u8]) -> Option<String> {
    MARKS.iter().find_map(|(mark, maker)| {
        let at = file
            .windows(mark.len())
            .position(|bytes| bytes == mark.as_bytes())?;
        let rest = file.get(at + mark.len()..)?;
        let is_version = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'.';
        let length = rest.iter().position(|byte| !is_version(byte))?;
        let number = std::str::from_utf8(&rest[..length]).ok()?;
        let is_number = number.starts_with(|first: char| first.is_ascii_digit());
        is_number.then(|| format!("{maker} {number}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_where_its_makers_put_it() {
        let mit = b"\0x\0KRB5_BRAND: krb5-1.20.1-final 1.20.1 20221111\0";
        assert_eq!(version(mit).as_deref(), Some("MIT krb5 1.20.1"));
        assert_eq!(
            version(b"\0Heimdal 7.8.0\0").as_deref(),
            Some("Heimdal 7.8.0")
        );
        assert_eq!(version(b"\0Heimdal is a place\0"), None);
        assert_eq!(version(b"KRB5_BRAND: krb5-"), None);
    }
}
