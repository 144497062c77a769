//! The machine that a server runs on, by its configuration: room for what it keeps, the database, the ways to patients' telephones, and whether
//! the addresses that media is offered at are those by which the server is found.

use super::{Finding, Hop};
use crate::config::{Config, Messages, Storage};
use crate::links;
use crate::messages::{Gateway, reach};
use crate::storage::audit::{self, Chain};
use crate::storage::{Database, StorageError};
use std::net::IpAddr;
use std::path::Path;
use tokio::net::lookup_host;
use url::{Host, Url};

/// Below it an administrator should act; at the other one the database may stop at the next visit.
const LITTLE_DISK: u64 = 2 * 1024 * 1024 * 1024;
const NO_DISK: u64 = 200 * 1024 * 1024;
const MIB: u64 = 1024 * 1024;

pub async fn examine_machine(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(disk(&config.storage.data_folder));
    findings.push(database(&config.storage).await);
    findings.extend(gateways(&config.messages).await);
    findings.extend(public_address(config).await);
    findings
}

/// Of the nearest folder that exists: the data folder is made at the first start.
fn disk(folder: &Path) -> Option<Finding> {
    let folder = std::path::absolute(folder).ok()?;
    let there = folder.ancestors().find(|folder| folder.exists())?;
    Some(room(&folder, free_bytes(there)?))
}

fn room(folder: &Path, free: u64) -> Finding {
    let seen = format!("{} MiB free for {}", free / MIB, folder.display());
    let remedy = "Make room: old backups, logs, recordings.";
    match free {
        0..NO_DISK => Finding::broken(Hop::Disk, seen, remedy),
        NO_DISK..LITTLE_DISK => Finding::doubtful(Hop::Disk, seen, remedy),
        _ => Finding::ok(Hop::Disk, seen),
    }
}

#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let space = nix::sys::statvfs::statvfs(folder).ok()?;
    Some(space.blocks_available().saturating_mul(space.fragment_size()))
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

async fn database(storage: &Storage) -> Finding {
    let checked = async {
        let database = Database::open_to_read(&storage.data_folder, storage.database_url.as_deref()).await?;
        let chain = audit::verify(&database).await;
        database.close().await;
        chain
    };
    match checked.await {
        Ok(Chain::Intact { rows, .. }) => {
            Finding::ok(Hop::Database, format!("opens; its audit trail of {rows} rows is intact"))
        }
        Ok(Chain::BrokenAt { .. } | Chain::WrongEnd { .. }) => {
            let remedy = "Somebody wrote to the database past the server, or a restore was partial: `kenes audit verify`, then the backup.";
            Finding::broken(Hop::Database, "the audit trail is not as it was written", remedy)
        }
        Err(error @ StorageError::NoDatabase { .. }) => {
            let remedy = "The first start makes it. If there was one: where is it?";
            Finding::doubtful(Hop::Database, error.to_string(), remedy)
        }
        Err(error) => {
            let remedy =
                "Is PostgreSQL running, is storage.database_url right, may this user read storage.data_folder?";
            Finding::broken(Hop::Database, error.to_string(), remedy)
        }
    }
}

async fn gateways(settings: &Messages) -> Vec<Finding> {
    let reached = match reach(settings).await {
        Ok(reached) => reached,
        Err(error) => return vec![Finding::broken(Hop::SmsGateway, error.to_string(), "Correct messages.ca_file.")],
    };
    let hop = |gateway| match gateway {
        Gateway::Sms => {
            (Hop::SmsGateway, "Check sms.url and sms.token, and that this machine may open connections to it.")
        }
        Gateway::Mail => (Hop::MailServer, "Check the section smtp, and that this machine may open connections to it."),
    };
    let finding = |(gateway, answer): (Gateway, Result<(), String>)| match (hop(gateway), answer) {
        ((hop, _), Ok(())) => Finding::ok(hop, "answers"),
        ((hop, remedy), Err(problem)) => Finding::broken(hop, problem, remedy),
    };
    if reached.is_empty() {
        let remedy = "Patients hear nothing of their visits but by telephone: set sms.url or smtp.host.";
        return vec![Finding::doubtful(Hop::SmsGateway, "none is configured", remedy)];
    }
    reached.into_iter().map(finding).collect()
}

/// Media goes to the addresses of the answer, not to the name's: behind NAT the two differ, and people meet in silence.
async fn public_address(config: &Config) -> Option<Finding> {
    let url = Url::parse(config.http.public_url.as_deref()?).ok()?;
    let offered = links::media_hosts(config.media.listen.ip(), &config.media.public_addresses);
    let found: Vec<IpAddr> = match url.host()? {
        Host::Ipv4(ip) => vec![ip.into()],
        Host::Ipv6(ip) => vec![ip.into()],
        // A name that is not found is the hop DNS.
        Host::Domain(name) => lookup_host((name, 0)).await.ok()?.map(|address| address.ip()).collect(),
    };
    let seen = format!("{url} is {found:?}, media is offered at {offered:?}");
    Some(if found.iter().any(|ip| offered.contains(ip)) {
        Finding::ok(Hop::PublicAddress, seen)
    } else {
        let remedy = "Set media.public_addresses to the address by which the world reaches this machine; behind a proxy of HTTP alone this is right.";
        Finding::doubtful(Hop::PublicAddress, seen, remedy)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn a_disk_that_is_full_is_broken_and_one_that_will_be_is_a_doubt() {
        let verdict = |free| room(Path::new("/data"), free).verdict;
        assert_eq!(verdict(100 * MIB), Verdict::Broken);
        assert_eq!(verdict(1_000 * MIB), Verdict::Doubtful);
        assert_eq!(verdict(10_000 * MIB), Verdict::Ok);
        assert_eq!(room(Path::new("/data"), 100 * MIB).seen, "100 MiB free for /data");
    }
}
