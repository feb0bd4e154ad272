//! What TLS to a NATS server rests on: whom we trust, and which certificate is ours.
//!
//! The provider of the cryptography is named here and not left to the process: where two are compiled in, rustls refuses to
//! choose; and a provider installed for the whole process would be in the way of other clients that install their own.

use crate::{MessagingError, NatsOptions};
use async_nats::rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{path::Path, sync::Arc};

impl NatsOptions {
    pub(crate) fn tls(&self) -> Result<ClientConfig, MessagingError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| MessagingError::Tls { detail: error.to_string() })?
            .with_root_certificates(self.trusted()?);
        let Some((certificate, key)) = &self.certificate else { return Ok(builder.with_no_client_auth()) };
        let chain = self.certificates(certificate)?;
        let ours = PrivateKeyDer::from_pem_file(key).map_err(|error| self.file("key", key, error))?;
        builder
            .with_client_auth_cert(chain, ours)
            .map_err(|error| self.file("certificate", certificate, error))
    }

    fn trusted(&self) -> Result<RootCertStore, MessagingError> {
        let mut roots = RootCertStore::empty();
        let Some(path) = &self.ca else {
            // Without any, every certificate is refused, and the refusal says so.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return Ok(roots);
        };
        for certificate in self.certificates(path)? {
            roots.add(certificate).map_err(|error| self.file("authorities' certificates", path, error))?;
        }
        Ok(roots)
    }

    fn certificates(&self, path: &Path) -> Result<Vec<CertificateDer<'static>>, MessagingError> {
        let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let certificates = read.map_err(|error| self.file("certificates", path, error))?;
        if certificates.is_empty() {
            return Err(self.file("certificates", path, "there is none in it"));
        }
        Ok(certificates)
    }
}
