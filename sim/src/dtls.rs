//! `str0m`'s cryptography with handshakes that repeat: DTLS draws the jitter of its timers from a seed, so that a handshake
//! over a lossy link takes the same time in every run of one seed. Keys stay random; nothing observable depends on them.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::crypto::dtls::{
    DtlsCert, DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion, ProtocolVersion,
};
use str0m::crypto::{CryptoError, CryptoProvider, from_feature_flags};

const SEED: u64 = 1;
/// As browsers have it, who know that a path works before they shake hands; a second otherwise.
const FIRST_RETRANSMISSION: Duration = Duration::from_millis(50);
const RETRANSMISSIONS: usize = 10;

pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: SeededDtls = SeededDtls;
    Arc::new(CryptoProvider { dtls_provider: &PROVIDER, ..from_feature_flags() })
}

#[derive(Debug)]
struct SeededDtls;

impl DtlsProvider for SeededDtls {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        dimpl::certificate::generate_self_signed_certificate().ok()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        _version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let builder = dimpl::Config::builder()
            .use_server_cookie(false)
            .dangerously_set_rng_seed(SEED)
            .flight_start_rto(FIRST_RETRANSMISSION)
            .flight_retries(RETRANSMISSIONS);
        let builder = match mtu {
            Some(mtu) => builder.mtu(mtu),
            None => builder,
        };
        let config = builder.build().map_err(|error| CryptoError::Other(error.to_string()))?;
        Ok(Box::new(Instance(dimpl::Dtls::new_12(Arc::new(config), cert.clone(), now))))
    }
}

struct Instance(dimpl::Dtls);

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Instance")
    }
}

impl DtlsInstance for Instance {
    fn set_active(&mut self, active: bool) {
        self.0.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.0.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        self.0.poll_output(buf)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.0.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.0.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.0.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.0.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.0.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.0.close()
    }
}
