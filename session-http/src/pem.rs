//! Certificates and keys in PEM files.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

use reqwest::{Certificate, Identity};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use session_core::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

/// What was found in the files of one transport, so that they are not read for each client.
#[derive(Default)]
pub(crate) struct Files {
    authorities: Mutex<Option<Vec<Certificate>>>,
    identity: Mutex<Option<Identity>>,
}

impl Files {
    /// As [`authorities`].
    pub(crate) fn authorities(&self, path: &Path) -> Result<Vec<Certificate>> {
        once(&self.authorities, || authorities(path))
    }

    /// As [`identity`].
    pub(crate) fn identity(&self, path: &Path, key: Option<&Path>) -> Result<Identity> {
        once(&self.identity, || identity(path, key))
    }

    /// Has them read again.
    pub(crate) fn forget(&self) {
        set(&self.authorities, None);
        set(&self.identity, None);
    }
}

fn once<T: Clone>(known: &Mutex<Option<T>>, read: impl FnOnce() -> Result<T>) -> Result<T> {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = &*known {
        return Ok(known.clone());
    }
    let found = read()?;
    *known = Some(found.clone());
    Ok(found)
}

fn set<T>(known: &Mutex<Option<T>>, value: Option<T>) {
    *known.lock().unwrap_or_else(PoisonError::into_inner) = value;
}

/// The certificate authorities in a file.
///
/// # Errors
///
/// `Config`, when there are none, or one of them cannot be used.
fn authorities(path: &Path) -> Result<Vec<Certificate>> {
    let bad = |problem: &str| {
        Error::new(
            ErrorKind::Config,
            format!(
                "`ca_file` {} {problem}; it must hold the certificate authorities to trust",
                path.display()
            ),
        )
    };
    let pem = read(path).map_err(|problem| bad(&problem))?;
    let found = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let found = found.unwrap_or_default();
    if found.is_empty() {
        return Err(bad("holds no certificates in PEM form"));
    }
    let mut trusted = Vec::with_capacity(found.len());
    for certificate in found {
        let der = certificate.to_vec();
        // Looked into now: who builds the client does not say in what it was that something is wrong.
        let outcome = RootCertStore::empty().add(certificate);
        outcome.map_err(|error| bad(&format!("cannot be used: {error}")))?;
        trusted.push(
            Certificate::from_der(&der).map_err(|_| bad("cannot be used by the HTTP client"))?,
        );
    }
    Ok(trusted)
}

/// The client certificate in one file, with the private key in another, or the same.
///
/// # Errors
///
/// `Config`, when one of them cannot be read, or is not in it.
fn identity(path: &Path, key: Option<&Path>) -> Result<Identity> {
    let certificates = read(path).map_err(|problem| bad_certificate(path, &problem))?;
    let mut chain = CertificateDer::pem_slice_iter(&certificates).peekable();
    if chain.peek().is_none() || chain.any(|certificate| certificate.is_err()) {
        return Err(bad_certificate(path, "holds no certificate in PEM form"));
    }
    let keys = match key {
        Some(key) => read(key).map_err(|problem| bad_key(key, &problem))?,
        None => Zeroizing::new(Vec::new()),
    };
    let found_in = if key.is_some() { &keys } else { &certificates };
    if PrivateKeyDer::from_pem_slice(found_in).is_err() {
        let problem = "holds no private key in PEM form, or one that is encrypted";
        return Err(bad_key(key.unwrap_or(path), problem));
    }
    // The last key counts: that of the key's file, whatever is in the other.
    let mut pem = Zeroizing::new(Vec::with_capacity(certificates.len() + 1 + keys.len()));
    pem.extend_from_slice(&certificates);
    pem.push(b'\n');
    pem.extend_from_slice(&keys);
    Identity::from_pem(&pem)
        .map_err(|_| bad_certificate(path, "holds more than certificates and a key"))
}

/// What was found does not work.
pub(crate) fn unsuitable(path: &Path, key: Option<&Path>, cause: &str) -> Error {
    let with = key.map_or_else(
        || "the key in it".to_owned(),
        |key| format!("`client_key` {}", key.display()),
    );
    Error::new(
        ErrorKind::Config,
        format!(
            "`client_certificate` {} cannot be used with {with}: {cause}; check that they belong together",
            path.display()
        ),
    )
}

fn bad_certificate(path: &Path, problem: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        format!(
            "`client_certificate` {} {problem}; it must hold the client's certificate, then those between it and its authority",
            path.display()
        ),
    )
}

fn bad_key(path: &Path, problem: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        format!(
            "the file with the client certificate's key, {}, {problem}; name one that holds it, unencrypted, as the environment's `client_key`",
            path.display()
        ),
    )
}

/// A file, wiped when it is dropped; what is wrong comes back as the end of a sentence.
fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Zeroizing::new(bytes)),
        Err(error) => Err(format!("cannot be read: {}", error.kind())),
    }
}
