//! The rural table (`cargo xtask rural`) on virtual time: one patient behind each of its links, both ways, in a few seconds
//! instead of half an hour of browsers. What it shows is the server's part: cameras follow `str0m`'s estimate here, which
//! gives up most of an uplink that loses. Pure but for the runs it makes.

use crate::catalog;
use crate::oracle::{Oracle, Whom, measure};
use crate::scenario::{Report, Scenario};
use anyhow::Result;
use std::time::Duration;

const RATES_KBPS: [u64; 3] = [1_000, 300, 100];
const RTTS_MS: [u64; 2] = [50, 300];
const LOSSES_PERCENT: [u64; 5] = [0, 5, 10, 20, 30];
/// As the browsers' links have it.
const QUEUE_MS: u64 = 600;
const SEEDS: [u64; 3] = [1, 2, 3];

/// What the patient got, and what the specialist got of the patient.
pub struct Row {
    pub rate_kbps: u64,
    pub rtt_ms: u64,
    pub loss_percent: u64,
    values: [f64; 7],
}

/// Rate, round trip and loss of each link.
pub fn links() -> impl Iterator<Item = [u64; 3]> {
    RATES_KBPS.into_iter().flat_map(|rate| {
        RTTS_MS.into_iter().flat_map(move |rtt| LOSSES_PERCENT.into_iter().map(move |loss| [rate, rtt, loss]))
    })
}

pub fn row([rate_kbps, rtt_ms, loss_percent]: [u64; 3]) -> Result<Row> {
    let link =
        format!("rate={rate_kbps}k delay={}ms loss={loss_percent}% queue={}", rtt_ms / 2, rate_kbps * QUEUE_MS / 8);
    let (given, _) = catalog::named(&link)?;
    let scenario = Scenario { steady_bps: None, ..given };
    let mut values = [0.0; 7];
    for seed in SEEDS {
        let report = scenario.run(seed)?;
        for (sum, value) in values.iter_mut().zip(noticed(&scenario, &report)) {
            *sum += value / SEEDS.len() as f64;
        }
    }
    Ok(Row { rate_kbps, rtt_ms, loss_percent, values })
}

fn noticed(scenario: &Scenario, report: &Report) -> [f64; 7] {
    let of = |whom, oracle| measure(scenario, report, whom, oracle);
    // Of the whole call: whoever sees nothing sees no frames, and not none a second since the first.
    let lasts = report.ended.saturating_sub(report.began);
    let [specialist, patient] = [0, 1].map(|index| report.people.get(index).map(|person| &person.seen));
    let frames = |seen: Option<&crate::Seen>| seen.map_or(0.0, |seen| seen.rate(report.began, report.ended));
    let goodput = patient.map_or(0.0, |seen| kbps(seen.bytes(report.began), lasts));
    [
        of(Whom::Patients, Oracle::Concealed),
        goodput,
        frames(patient),
        of(Whom::Patients, Oracle::Frozen),
        of(Whom::Patients, Oracle::QueueDown),
        of(Whom::Specialist, Oracle::Concealed),
        frames(specialist),
    ]
}

fn kbps(bytes: usize, lasts: Duration) -> f64 {
    bytes as f64 * 8.0 / 1_000.0 / lasts.as_secs_f64().max(0.001)
}

/// In Markdown.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| kbit/s | RTT ms | loss % | made up % | goodput kbit/s | frames/s | frozen % | queue ms | made up %, uplink | frames/s, uplink |\n\
         |--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for row in rows {
        let link = format!("{} | {} | {}", row.rate_kbps, row.rtt_ms, row.loss_percent);
        let values = row.values.map(|value| format!("{value:.1}")).join(" | ");
        table.push_str(&format!("| {link} | {values} |\n"));
    }
    table
}
