//! A real talk through a running server: two synthetic people join by their links, speak and show a clip, and what each got
//! of the other is judged.
//!
//! The acceptance test of the SFU without a browser: another implementation of WebRTC, real media, decoded at the far end.

mod audio;
mod clip;
mod feedback;
pub(crate) mod link;
mod peer;
mod quality;
mod recording;
mod sender;
mod session;
mod video;
pub(crate) mod wire;

use crate::clock;
use crate::report::Table;
use anyhow::{Context as _, Result};
use clip::Clip;
use link::{Link, Trust};
use peer::Peer;
pub use quality::{AudioReport, DirectionReport, Latency, Thresholds, VideoReport};
use serde::Serialize;
use session::{Door, Session};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// After the last packet left, the time in which it may still arrive.
const DRAIN: Duration = Duration::from_millis(400);
const JOIN_TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The first person's link, as the server prints it (in quotes: it has a '#'). Of a role that enters at once.
    pub link: String,
    /// The second person's link, another invitation than the first's: one invitation is one person.
    #[arg(long, value_name = "LINK")]
    pub link2: String,
    /// How long both speak, in seconds.
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,
    /// How high both display the other's picture, in pixels, one after the other for equal parts of the talk, e.g. 360,90,180.
    /// The clip's layers are 90, 180 and 360 high; each must arrive.
    #[arg(long, value_delimiter = ',', value_name = "PIXELS")]
    pub heights: Vec<u16>,
    /// Certificates to trust for https links, a PEM file; without it the public roots.
    #[arg(long)]
    pub cacert: Option<PathBuf>,
    /// Prints both people's offers and answers.
    #[arg(long)]
    pub sdp: bool,
}

#[derive(Debug, Serialize)]
pub struct TalkReport {
    pub people: Vec<PersonReport>,
    pub directions: Vec<DirectionReport>,
    pub passed: bool,
}

#[derive(Debug, Serialize)]
pub struct PersonReport {
    pub name: String,
    pub role: String,
    /// From opening the link to the server's `joined`.
    pub join_ms: f64,
    /// From `joined` to ICE and DTLS done.
    pub connect_ms: f64,
    /// What the server complained of during the talk.
    pub complaints: Vec<String>,
}

/// Holds the talk and judges it. An error is a talk that did not come about.
pub async fn run(options: &Options) -> Result<TalkReport> {
    let clip = Arc::new(Clip::load()?);
    let trust = Trust::new(options.cacert.as_deref())?;
    let first_link = Link::parse(&options.link)?;
    let second_link = Link::parse(&options.link2)?;
    let first = Person::join(&first_link, &trust, &clip, options.sdp).await.context("the first person")?;
    let began = clock::now();
    let second = Person::join(&second_link, &trust, &clip, options.sdp).await.context("the second person")?;

    let whole = Duration::from_secs_f64(options.seconds);
    for &height in &options.heights {
        first.session.display(height).await;
        second.session.display(height).await;
        tokio::time::sleep(whole / u32::try_from(options.heights.len())?).await;
    }
    if options.heights.is_empty() {
        tokio::time::sleep(whole).await;
    }
    let (first, second) = (first.stop_speaking(), second.stop_speaking());
    tokio::time::sleep(DRAIN).await;
    let (first, second) = (first.leave().await, second.leave().await);

    let thresholds = Thresholds { heights: options.heights.clone(), ..Thresholds::default() };
    let direction = |from: &Attended, to: &Attended| {
        quality::judge((&from.label(), &to.label()), &clip, &from.recording, &to.recording, began, &thresholds)
    };
    let directions = vec![direction(&first, &second)?, direction(&second, &first)?];
    let people = vec![first.report, second.report];
    let passed = directions.iter().all(|direction| direction.failures.is_empty())
        && people.iter().all(|person| person.complaints.is_empty());
    Ok(TalkReport { people, directions, passed })
}

/// Somebody in the call.
struct Person {
    session: Session,
    peer: Peer,
    sending: Option<sender::Sending>,
    report: PersonReport,
}

/// Somebody who was.
struct Attended {
    report: PersonReport,
    recording: recording::Recording,
}

impl Person {
    async fn join(link: &Link, trust: &Trust, clip: &Arc<Clip>, show_sdp: bool) -> Result<Self> {
        let began = clock::now();
        let (_, local) = link.addresses().await?;
        let mut peer = Peer::new(local.ip()).await?;
        let (offer, mids) = peer.offer().await?;
        let door = Door::open(link, trust).await?;
        let (name, role) = (door.name.clone(), door.role.clone());
        if show_sdp {
            eprintln!("--- {name} ({role}) offers\n{offer}");
        }
        let session =
            tokio::time::timeout(JOIN_TIMEOUT, door.join(&offer, mids.clone())).await.unwrap_or_else(|_| {
                anyhow::bail!(
                    "{name} ({role}) is not in the call after {JOIN_TIMEOUT:?}: who waits must be admitted by the first"
                )
            })?;
        let joined = clock::now();
        if show_sdp {
            eprintln!("--- the server answers {name} ({role})\n{}", session.answer);
        }
        peer.accept(session.answer.clone()).await?;
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, peer.connected()).await;
        connected.unwrap_or_else(|_| anyhow::bail!("not connected after {CONNECT_TIMEOUT:?}")).with_context(|| {
            let candidates: Vec<&str> = session.answer.lines().filter(|line| line.starts_with("a=candidate")).collect();
            format!("{name} ({role}, {}) has no media path; the server's candidates: {candidates:#?}", session.id)
        })?;
        let report = PersonReport {
            name,
            role,
            join_ms: (joined - began).as_secs_f64() * 1_000.0,
            connect_ms: since_ms(joined),
            complaints: Vec::new(),
        };
        let sending = peer.speak(Arc::clone(clip), &mids, session.wanted()).await?;
        Ok(Self { session, peer, sending: Some(sending), report })
    }

    fn stop_speaking(mut self) -> Self {
        self.sending = None;
        self
    }

    async fn leave(mut self) -> Attended {
        self.report.complaints = self.session.complaints();
        let state = self.peer.state();
        if state != webrtc::peer_connection::RTCPeerConnectionState::Connected {
            self.report.complaints.push(format!("the PeerConnection was {state} at the end"));
        }
        let recording = self.peer.take_recording();
        self.session.leave().await;
        // What was recorded is safe; a connection that does not close cleanly changes nothing of it.
        let _ = self.peer.close().await;
        Attended { report: self.report, recording }
    }
}

impl Attended {
    fn label(&self) -> String {
        format!("{} ({})", self.report.name, self.report.role)
    }
}

fn since_ms(instant: Instant) -> f64 {
    (clock::now() - instant).as_secs_f64() * 1_000.0
}

impl TalkReport {
    #[must_use]
    pub fn render(&self) -> String {
        let mut people = Table::new("people", &["who", "role", "join ms", "connect ms"]);
        for person in &self.people {
            let (join, connect) = (format!("{:.0}", person.join_ms), format!("{:.0}", person.connect_ms));
            people.row([&person.name, &person.role, &join, &connect]);
        }
        let mut arrows = vec![String::new()];
        arrows.extend(self.directions.iter().map(|direction| format!("{} -> {}", direction.from, direction.to)));
        let arrows: Vec<&str> = arrows.iter().map(String::as_str).collect();
        let mut table = Table::new("what arrived", &arrows);
        let mut columns: Vec<_> = self.directions.iter().map(|direction| figures(direction).into_iter()).collect();
        loop {
            let cells: Vec<(&str, String)> = columns.iter_mut().filter_map(Iterator::next).collect();
            let Some((name, _)) = cells.first() else { break };
            let name = (*name).to_owned();
            table.row(std::iter::once(name).chain(cells.into_iter().map(|(_, value)| value)));
        }
        let verdict = if self.passed { "the talk passed" } else { "the talk did not pass" };
        format!("{}{}\n{}{verdict}\n", people.render(), table.render(), self.render_failures())
    }

    fn render_failures(&self) -> String {
        let of_media = self.directions.iter().flat_map(|direction| {
            direction
                .failures
                .iter()
                .map(|failure| format!("FAILED  {} -> {}: {failure}\n", direction.from, direction.to))
        });
        let of_people = self.people.iter().flat_map(|person| {
            person.complaints.iter().map(|complaint| format!("FAILED  {}: {complaint}\n", person.name))
        });
        of_media.chain(of_people).collect()
    }
}

fn figures(direction: &DirectionReport) -> Vec<(&'static str, String)> {
    let (audio, video) = (&direction.audio, &direction.video);
    let percent = |ratio: f64| format!("{:.2} %", ratio * 100.0);
    let latency = |l: &Latency| format!("{:.1} / {:.1} / {:.1}", l.p50_ms, l.p95_ms, l.max_ms);
    vec![
        ("audio: packets received of sent", format!("{} of {}", audio.packets_received, audio.packets_sent)),
        ("audio: loss", percent(audio.loss_ratio)),
        ("audio: decoded s", format!("{:.2}", audio.decoded_s)),
        ("audio: concealed", percent(audio.concealed_ratio)),
        ("audio: longest gap ms", format!("{:.0}", audio.longest_gap_ms)),
        ("audio: loudness (RMS)", format!("{:.4}", audio.loudness)),
        ("audio: likeness to what was sent", format!("{:.4}", audio.correlation)),
        ("audio: level dB", format!("{:+.2}", audio.level_difference_db)),
        ("audio: latency ms p50 / p95 / max", latency(&audio.latency)),
        ("audio: slots used", audio.slots.to_string()),
        ("video: packets received", video.packets_received.to_string()),
        ("video: loss", percent(video.loss_ratio)),
        ("video: frames decoded of captured", format!("{} of {}", video.frames_decoded, video.frames_captured)),
        ("video: refused / damaged", format!("{} / {}", video.frames_refused, video.frames_damaged)),
        ("video: key frames / asked for", format!("{} / {}", video.key_frames, video.key_frame_requests)),
        ("video: picture id jumps", video.picture_id_jumps.to_string()),
        ("video: heights", format!("{:?}", video.heights)),
        ("video: freezes, longest gap ms", format!("{}, {:.0}", video.freezes, video.longest_gap_ms)),
        ("video: first frame ms", video.first_frame_ms.map_or("never".to_owned(), |ms| format!("{ms:.0}"))),
        ("video: latency ms p50 / p95 / max", latency(&video.latency)),
        ("video: slots used", video.slots.to_string()),
    ]
}
