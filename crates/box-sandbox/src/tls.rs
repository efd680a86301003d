//! TLS with a certificate authority that is made up at each start.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use crate::clock::system_time;

const DAY: Duration = Duration::from_hours(24);
/// macOS refuses longer-lived server certificates (825 days).
const LIFE: Duration = Duration::from_hours(800 * 24);

/// Whom the certificate is for: this machine, and Box, for clients that can be led here by a proxy alone.
const NAMES: [&str; 6] =
    ["localhost", "127.0.0.1", "::1", "api.box.com", "account.box.com", "upload.box.com"];

/// What serves HTTPS on 127.0.0.1, `::1` and `localhost`.
pub struct Tls {
    /// The authority that clients have to trust.
    pub ca_pem: String,
    pub(crate) acceptor: TlsAcceptor,
}

impl Tls {
    /// A new authority and a server certificate signed by it.
    ///
    /// # Errors
    /// Key generation or TLS set-up failed.
    pub fn generate() -> anyhow::Result<Self> {
        let ca_key = KeyPair::generate()?;
        let mut ca = CertificateParams::new(Vec::<String>::new())?;
        ca.distinguished_name.push(DnType::CommonName, "box-sandbox");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        limit(&mut ca);
        let ca_pem = ca.self_signed(&ca_key)?.pem();

        let key = KeyPair::generate()?;
        let mut server = CertificateParams::new(NAMES.map(str::to_owned).to_vec())?;
        server.distinguished_name.push(DnType::CommonName, "localhost");
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.use_authority_key_identifier_extension = true;
        limit(&mut server);
        let certificate = server.signed_by(&key, &Issuer::new(ca, ca_key))?;

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { ca_pem, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }
}

/// Valid by the system's clock, not by the sandbox's: clients check certificates by theirs.
fn limit(params: &mut CertificateParams) {
    let now = system_time();
    params.not_before = (now - DAY).into();
    params.not_after = (now + LIFE).into();
}
