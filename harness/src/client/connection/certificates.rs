//! The certificates that a client accepts from a server.
//!
//! A file of certificates has the same meaning as for other AWS tools: it replaces the authorities
//! of the machine, and a server may present a certificate that is itself in the file. `openssl req
//! -x509` makes such a certificate: it is marked as an authority, and the TLS library does not
//! accept an authority as the certificate of a server. [`BundleVerifier`] accepts it if it is in
//! the file.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use reqwest::ClientBuilder;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use crate::aws::trust::{Bundle, Trust};

/// A client builder that trusts these certificates.
///
/// # Errors
/// The file of certificates cannot be read.
pub(crate) fn trusting(
    client: ClientBuilder,
    trust: &Trust,
    is_plain: bool,
) -> Result<ClientBuilder> {
    // A second installation fails and changes nothing.
    let _ = default_provider().install_default();
    Ok(match trust {
        // Plain HTTP needs no certificates. Reading the machine's takes longer than 100 requests.
        _ if is_plain => client.tls_certs_only([]),
        Trust::Machine => client,
        Trust::Bundle(bundle) => client.tls_backend_preconfigured(config_of(bundle)?),
        Trust::Everything => client.tls_danger_accept_invalid_certs(true),
    })
}

fn config_of(bundle: &Bundle) -> Result<ClientConfig> {
    let verifier = BundleVerifier::new(certificates(bundle)?)
        .with_context(|| format!("{bundle}, has no certificate of an authority"))?;
    let config = ClientConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .context("cannot set up TLS")?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(config)
}

/// The certificates of a file.
fn certificates(bundle: &Bundle) -> Result<Vec<CertificateDer<'static>>> {
    let pem = std::fs::read(Path::new(&bundle.file))
        .with_context(|| format!("cannot read {bundle}; it must name a file of certificates"))?;
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|it| !it.is_empty());
    certificates.with_context(|| {
        format!("{bundle}, holds no certificates; expected blocks of BEGIN CERTIFICATE")
    })
}

/// Accepts what the authorities of a file have signed, and the certificates of the file themselves.
#[derive(Debug)]
struct BundleVerifier {
    authorities: Arc<WebPkiServerVerifier>,
    certificates: Vec<CertificateDer<'static>>,
}

impl BundleVerifier {
    fn new(certificates: Vec<CertificateDer<'static>>) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(certificates.iter().cloned());
        ensure!(added > 0, "none of its certificates can be read");
        let provider = default_provider().into();
        let authorities = WebPkiServerVerifier::builder_with_provider(roots.into(), provider);
        Ok(Self { authorities: authorities.build()?, certificates })
    }
}

impl ServerCertVerifier for BundleVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.authorities.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            Err(error) if is_authority(&error) && self.certificates.contains(end_entity) => {
                // The library has checked the time of validity before the mark of an authority.
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

/// Whether a certificate was refused because it is marked as an authority.
fn is_authority(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(other)) = error else { return false };
    other.0.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity)
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

    use super::*;

    /// A certificate that signs itself, for 127.0.0.1.
    fn self_signed(is_ca: IsCa, year_of_end: i32) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.is_ca = is_ca;
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(year_of_end, 1, 1);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().clone()
    }

    fn accepts(trusted: &CertificateDer<'static>, shown: &CertificateDer<'_>, name: &str) -> bool {
        let verifier = BundleVerifier::new(vec![trusted.clone()]).unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        verifier.verify_server_cert(shown, &[], &name, &[], UnixTime::now()).is_ok()
    }

    #[test]
    fn a_certificate_of_the_file_is_accepted_for_its_name_and_time_only() {
        let authority = || IsCa::Ca(BasicConstraints::Unconstrained);
        for is_ca in [authority(), IsCa::NoCa, IsCa::ExplicitNoCa] {
            let own = self_signed(is_ca, 2999);
            assert!(accepts(&own, &own, "127.0.0.1"), "{is_ca:?}");
            assert!(!accepts(&own, &own, "127.0.0.2"), "{is_ca:?}: another host");
            let other = self_signed(is_ca, 2999);
            assert!(!accepts(&own, &other, "127.0.0.1"), "{is_ca:?}: another certificate");
            let expired = self_signed(is_ca, 2021);
            assert!(!accepts(&expired, &expired, "127.0.0.1"), "{is_ca:?}: expired");
        }
    }
}
