//! What nobody asks for and has to happen all the same: offers lapse and the next in the queue is asked, a visit that nobody came to is
//! proposed as such, slots are published as far as the horizon, old answers are forgotten, tallies are made for the metrics, a cart
//! that has fallen silent turns red.
//!
//! One task, with a deadline for each job: it sleeps until the nearest, or until a commit gives a job something to do. Every job may be done
//! twice, by another node or after a crash, and changes nothing then; what one round does is bounded. Decides no rule of booking.

mod horizon;
mod overdue;
mod refill;
mod silence;
mod tallies;

pub use horizon::publish;

use crate::clock;
use crate::metrics::Metrics;
use crate::model::time::{UnixMillis, before};
use crate::presence::Presence;
use crate::storage::{Author, Change, Database, Notice, StorageError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A look without anybody's word: what another node left behind.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// What several commits want at once is done once.
const COLLECT: Duration = Duration::from_millis(100);
/// Before the next try of a job that has failed.
const AFTER_FAILURE: Duration = Duration::from_secs(10);
/// What one round does of one job.
const AT_ONCE: u32 = 100;
/// How long an Idempotency-Key has its answer, and how often the old ones are looked for.
const KEYS_KEPT: Duration = Duration::from_secs(24 * 3600);
const KEYS_EVERY: Duration = Duration::from_secs(3600);

pub struct Upkeep {
    pub database: Database,
    pub presence: Arc<Presence>,
    pub metrics: Arc<Metrics>,
    /// How far ahead slots are published.
    pub horizon: Duration,
}

/// Ends with what it is at when it is stopped.
pub struct RunningUpkeep {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl RunningUpkeep {
    pub async fn stop(self) {
        // Either end may be gone already.
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Offers that lapsed, slots given back.
    Refill,
    /// Visits that should have begun.
    Overdue,
    Horizon,
    /// Answers to Idempotency-Keys.
    Keys,
    Tallies,
    /// Carts of which nothing is heard any more.
    Silence,
}

const JOBS: [Job; 6] = [Job::Refill, Job::Overdue, Job::Horizon, Job::Keys, Job::Tallies, Job::Silence];

impl Upkeep {
    #[must_use]
    pub fn spawn(self) -> RunningUpkeep {
        let (stop, stopped) = oneshot::channel();
        RunningUpkeep { stop, task: tokio::spawn(self.run(stopped)) }
    }

    /// Does every job once: what was left while nobody looked. Answers when each is due again.
    pub async fn catch_up(&self, now: UnixMillis) -> [(Job, UnixMillis); JOBS.len()] {
        let mut due = JOBS.map(|job| (job, now));
        for (job, at) in &mut due {
            *at = self.round(*job, now).await;
        }
        due
    }

    async fn run(self, mut stopped: oneshot::Receiver<()>) {
        let mut notices = self.database.notices();
        let mut due = self.catch_up(clock::unix_ms()).await;
        loop {
            for (job, at) in &mut due {
                if *at <= clock::unix_ms() {
                    *at = self.round(*job, clock::unix_ms()).await;
                }
            }
            let now = clock::unix_ms();
            let next = due.iter().map(|(_, at)| *at).min().unwrap_or(now.plus(LONGEST_SLEEP));
            tokio::select! {
                () = tokio::time::sleep(next.since(now)) => {}
                _ = &mut stopped => return,
                notice = notices.recv() => {
                    let wanted = match notice {
                        Ok(notice) => wants(&notice),
                        Err(RecvError::Lagged(_)) => &JOBS[..],
                        Err(RecvError::Closed) => return,
                    };
                    let soon = clock::unix_ms().plus(COLLECT);
                    due.iter_mut().filter(|(job, _)| wanted.contains(job)).for_each(|(_, at)| *at = soon.min(*at));
                }
            }
        }
    }

    /// Does what is due of `job`. Answers when it is due again: a round that was full goes on at once.
    async fn round(&self, job: Job, now: UnixMillis) -> UnixMillis {
        let done = match job {
            Job::Refill => refill::round(&self.database, now).await,
            Job::Overdue => overdue::round(&self.database, &self.presence, now).await,
            Job::Horizon => horizon::round(&self.database, self.horizon, now).await,
            Job::Keys => forget_keys(&self.database, now).await,
            Job::Tallies => tallies::round(&self.database, &self.metrics, self.horizon, now).await,
            Job::Silence => silence::round(&self.database, now).await,
        };
        match done {
            Ok(next) => next,
            Err(error) => {
                self.metrics.booking.upkeep_failures.inc();
                tracing::error!(?job, %error, "a job of upkeep failed");
                now.plus(AFTER_FAILURE)
            }
        }
    }
}

/// What has changed, and which jobs that gives something to do.
fn wants(notice: &Notice) -> &'static [Job] {
    match notice.entity {
        "slot" | "waitlist" | "waitlist_offer" => &[Job::Refill],
        "appointment" => &[Job::Overdue],
        "schedule" | "schedule_exception" => &[Job::Horizon],
        _ => &[],
    }
}

async fn forget_keys(database: &Database, now: UnixMillis) -> Result<UnixMillis, StorageError> {
    let oldest = before(now, KEYS_KEPT);
    if Change::has_answers_before(database, oldest).await? {
        let mut change = database.change(Author::System, now).await?;
        change.forget_answers(oldest).await?;
        change.commit().await?;
    }
    Ok(now.plus(KEYS_EVERY))
}
