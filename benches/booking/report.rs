//! The figures: a table for a person, the same as JSON for a machine. Measures nothing.

use anyhow::{Context as _, Result};
use serde::Serialize;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    /// Appointments in the small and the large clinic.
    pub(crate) appointments: [u64; 2],
    pub(crate) engines: Vec<Engine>,
}

#[derive(Serialize)]
pub(crate) struct Machine {
    name: String,
    processor: String,
    cores: usize,
    kernel: String,
    /// Of the minute before: more than `cores` says that others were at work, too.
    load: f64,
}

#[derive(Serialize)]
pub(crate) struct Engine {
    pub(crate) name: &'static str,
    pub(crate) requests: Vec<Row>,
    pub(crate) booking: Option<Booking>,
}

/// One request on the small and the large clinic.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) request: &'static str,
    pub(crate) statements: usize,
    pub(crate) rows: f64,
    pub(crate) small: Times,
    pub(crate) large: Times,
    pub(crate) p50_ratio: f64,
    pub(crate) indexes: Vec<String>,
    pub(crate) full_scans: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct Booking {
    pub(crate) writers: usize,
    pub(crate) bookings: usize,
    pub(crate) per_second: f64,
    pub(crate) each: Times,
    pub(crate) statements: usize,
    pub(crate) full_scans: Vec<String>,
}

#[derive(Clone, Copy, Serialize)]
pub(crate) struct Times {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Times {
    pub(crate) fn of(mut times: Vec<Duration>) -> Result<Self> {
        times.sort_unstable();
        let at = |hundredths: usize| times.get(times.len() * hundredths / 100).copied().context("nothing was measured");
        Ok(Self { p50_ms: at(50)?.as_secs_f64() * 1e3, p99_ms: at(99)?.as_secs_f64() * 1e3 })
    }
}

impl Machine {
    pub(crate) fn this() -> Result<Self> {
        let kernel =
            |name: &str| fs::read_to_string(format!("/proc/sys/kernel/{name}")).map(|text| text.trim().to_owned());
        let processors = fs::read_to_string("/proc/cpuinfo")?;
        let processor = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let load = fs::read_to_string("/proc/loadavg")?;
        Ok(Self {
            name: kernel("hostname")?,
            processor: processor.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.to_owned()),
            cores: std::thread::available_parallelism()?.get(),
            kernel: kernel("osrelease")?,
            load: load.split(' ').next().unwrap_or_default().parse()?,
        })
    }
}

impl Report {
    pub(crate) fn text(&self) -> Result<String> {
        let mut text = String::new();
        let (machine, [small, large]) = (&self.machine, self.appointments);
        writeln!(text, "{} ({}, {} cores, load {})", machine.name, machine.processor, machine.cores, machine.load)?;
        writeln!(
            text,
            "milliseconds in clinics of {small} and {large} appointments, 2,000 slots a day, 50 specialists\n"
        )?;
        let columns = ["statements", "rows", "p50", "p99", "p50", "p99", "ratio", "full scans"];
        writeln!(text, "{:<40}{}", "", columns.map(|column| format!("{column:>11}")).concat())?;
        for engine in &self.engines {
            for row in &engine.requests {
                let times = [row.small.p50_ms, row.small.p99_ms, row.large.p50_ms, row.large.p99_ms, row.p50_ratio];
                let times = times.map(|time| format!("{time:>11.2}")).concat();
                let name = format!("{}: {}", engine.name, row.request);
                writeln!(
                    text,
                    "{name:<40}{:>11}{:>11.0}{times}{:>11}",
                    row.statements,
                    row.rows,
                    row.full_scans.len()
                )?;
            }
        }
        writeln!(text)?;
        for engine in &self.engines {
            if let Some(booking) = &engine.booking {
                let Booking { writers, bookings, per_second, each, statements, full_scans } = booking;
                writeln!(
                    text,
                    "{}: {bookings} bookings by {writers} writers: {per_second:.0}/s; hold and booking p50 {:.1} ms, p99 {:.1} ms, {statements} \
                     statements, {} full scans",
                    engine.name,
                    each.p50_ms,
                    each.p99_ms,
                    full_scans.len()
                )?;
            }
            let scans = engine.requests.iter().flat_map(|row| &row.full_scans);
            for scan in scans.chain(engine.booking.iter().flat_map(|booking| &booking.full_scans)) {
                writeln!(text, "{}: READ WHOLE: {scan}", engine.name)?;
            }
        }
        Ok(text)
    }

    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let text = serde_json::to_string_pretty(self)?;
        fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))
    }
}
