//! Collections of credential caches.

use std::path::Path;

use crate::{
    gssapi::{Cache, Failure, Krb5},
    refusal::NO_CACHE,
};

/// The default cache, if it is the principal's, else that of its collection that is.
pub(super) fn cache_of<'k>(krb5: &'k Krb5, principal: &str) -> Result<Cache<'k>, Failure> {
    let principal = krb5.principal(principal)?;
    let first = krb5.default_cache()?;
    let is_theirs = |cache: &Cache<'_>| {
        let owner = cache.principal();
        owner.is_ok_and(|owner| owner.is_same(&principal))
    };
    if is_theirs(&first) {
        return Ok(first);
    }
    if let Some(found) = others(krb5, &first)?.into_iter().find(is_theirs) {
        return Ok(found);
    }
    let owner = first.principal()?.name()?;
    Err(Failure::of_kerberos(
        NO_CACHE,
        format!("the tickets there are those of `{owner}`"),
    ))
}

/// All caches of the collection that the default one belongs to.
fn others<'k>(krb5: &'k Krb5, first: &Cache<'_>) -> Result<Vec<Cache<'k>>, Failure> {
    let kind = first.kind();
    // Where one is named there is no collection.
    if !["DIR", "KCM", "KEYRING", "API"].contains(&kind.as_str())
        || krb5.default_cache_name().starts_with("DIR::")
    {
        return Ok(Vec::new());
    }
    if let Some(caches) = krb5.caches()? {
        // Those in memory, for one, belong to nobody's collection.
        let is_in_it = |cache: &Cache<'_>| cache.kind() == kind;
        return Ok(caches.into_iter().filter(is_in_it).collect());
    }
    let name = first.name();
    let Some(folder) = Path::new(name.trim_start_matches(':')).parent() else {
        return Ok(Vec::new());
    };
    if kind == "DIR" {
        in_folder(krb5, folder)
    } else {
        Ok(Vec::new())
    }
}

/// The caches in a folder; none if it cannot be read.
fn in_folder<'k>(krb5: &'k Krb5, folder: &Path) -> Result<Vec<Cache<'k>>, Failure> {
    let Ok(files) = folder.read_dir() else {
        return Ok(Vec::new());
    };
    files
        .filter_map(Result::ok)
        .filter(|file| file.file_name().as_encoded_bytes().starts_with(b"tkt"))
        .filter_map(|file| file.path().into_os_string().into_string().ok())
        .map(|path| krb5.cache(&format!("FILE:{path}")))
        .collect()
}
