//! Janus and its VideoRoom plugin, by its WebSocket API: one connection a person to publish (the client offers) and one to watch everybody
//! (Janus offers, "multistream").
//!
//! Owns the process and its configuration folder. A person's socket is read while a request waits for its answer and at no other time:
//! what Janus says unasked is not needed, and little.

use super::roster::{self, Encounter, Present, Roster};
use super::{Attendance, Place, Seat, ServerProcess, Sfu, listening};
use crate::load::sdp::LocalDescription;
use crate::load::wiring::{Connection, Wiring};
use crate::peers;
use anyhow::{Context as _, Result, bail};
use async_trait::async_trait;
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;

const PORT: u16 = 8188;
/// Where Debian's package has them; the folder's name follows the machine's architecture.
const LIBRARIES: &str = "/usr/lib";
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// `JANUS_VIDEOROOM_ERROR_ROOM_EXISTS`
const ROOM_EXISTS: u64 = 427;

pub(super) struct Janus {
    process: ServerProcess,
    address: IpAddr,
    roster: Arc<Roster<Person>>,
    _folder: TempDir,
}

impl Janus {
    pub(super) async fn start(place: &Place) -> Result<Self> {
        peers::Peer::Janus.ensure()?;
        let folder = tempfile::tempdir()?;
        configure(folder.path(), place.address)?;
        let process = ServerProcess::spawn("janus".as_ref(), place, |command| {
            command.arg("--configs-folder").arg(folder.path()).stdout(Stdio::null());
        })?;
        listening(SocketAddr::new(place.address, PORT)).await.context("janus does not listen")?;
        Ok(Self { process, address: place.address, roster: Arc::default(), _folder: folder })
    }
}

/// VideoRoom and WebSockets alone, and nothing that costs: no log beyond errors, no events, no session timeouts, no STUN.
fn configure(folder: &Path, address: IpAddr) -> Result<()> {
    let (plugins, transports) = (folder.join("plugins"), folder.join("transports"));
    for (to, kind, name) in
        [(&plugins, "plugins", "libjanus_videoroom.so"), (&transports, "transports", "libjanus_websockets.so")]
    {
        std::fs::create_dir(to)?;
        std::os::unix::fs::symlink(library(kind, name)?, to.join(name))?;
    }
    let core = format!(
        "general: {{\n configs_folder = \"{folder}\"\n plugins_folder = \"{plugins}\"\n transports_folder = \"{transports}\"\n \
         events_folder = \"{folder}/none\"\n loggers_folder = \"{folder}/none\"\n interface = \"{address}\"\n debug_level = 2\n \
         session_timeout = 0\n}}\nmedia: {{\n ipv6 = false\n}}\nnat: {{\n ice_lite = true\n}}\n",
        folder = folder.display(),
        plugins = plugins.display(),
        transports = transports.display(),
    );
    std::fs::write(folder.join("janus.jcfg"), core)?;
    let sockets = format!("general: {{\n json = \"compact\"\n ws = true\n ws_port = {PORT}\n}}\n");
    std::fs::write(folder.join("janus.transport.websockets.jcfg"), sockets)?;
    std::fs::write(folder.join("janus.plugin.videoroom.jcfg"), "")?;
    Ok(())
}

fn library(kind: &str, name: &str) -> Result<std::path::PathBuf> {
    for entry in std::fs::read_dir(LIBRARIES)? {
        let path = entry?.path().join("janus").join(kind).join(name);
        if path.is_file() {
            return Ok(path);
        }
    }
    bail!("the janus package has no {name} in {LIBRARIES}")
}

#[async_trait]
impl Sfu for Janus {
    fn processes(&self) -> Vec<u32> {
        vec![self.process.id()]
    }

    async fn join(&self, seat: Seat, wiring: &Wiring) -> Result<Box<dyn Attendance>> {
        let mut api = Api::open(self.address).await?;
        let room = u64::from(seat.room) + 1;
        let handle = api.attach().await?;
        api.make_room(handle, room).await?;
        let published = publish(&mut api, (handle, room), seat, wiring).await?;
        let watching = Mutex::new(Watching { api, viewing: None });
        let person = Arc::new(Person { seat, room, published, wiring: wiring.clone(), watching });
        let Encounter { publishers, viewers } = self.roster.enter(&person);
        let feeds: Vec<u64> = publishers.iter().filter_map(|other| other.feed()).collect();
        if !feeds.is_empty() {
            person.watch(&feeds).await?;
        }
        for (viewer, feed) in viewers.into_iter().zip(person.feed().into_iter().cycle()) {
            viewer.watch(&[feed]).await?;
        }
        Ok(Box::new(Present::new(person, &self.roster)))
    }
}

/// `None`: there is nothing to publish.
async fn publish(api: &mut Api, (handle, room): (u64, u64), seat: Seat, wiring: &Wiring) -> Result<Option<Published>> {
    let sections = wiring.published_by(seat);
    if sections.is_empty() {
        return Ok(None);
    }
    let end = wiring.end()?;
    let offer = json!({ "type": "offer", "sdp": end.description.offer(&sections), "trickle": false });
    let body = json!({ "request": "joinandconfigure", "ptype": "publisher", "room": room });
    let joined = api.message(handle, &body, Some(offer)).await?;
    let agreement = end.description.agree(&sections, joined.sdp()?)?;
    let connection = wiring.connect(seat, end, agreement).await?;
    // A feed can be watched once Janus, too, has ended the handshake.
    api.event(|said| said.janus == "webrtcup" && said.sender == Some(handle)).await?;
    let feed = joined.plugindata.and_then(|plugin| plugin.data.id).context("joined without an id")?;
    Ok(Some(Published { feed, connection }))
}

struct Person {
    seat: Seat,
    room: u64,
    published: Option<Published>,
    wiring: Wiring,
    watching: Mutex<Watching>,
}

struct Published {
    feed: u64,
    connection: Connection,
}

struct Watching {
    api: Api,
    /// `None` until there is somebody to watch.
    viewing: Option<Viewing>,
}

struct Viewing {
    handle: u64,
    description: LocalDescription,
    connection: Connection,
}

#[async_trait]
impl roster::Person for Person {
    fn seat(&self) -> Seat {
        self.seat
    }

    fn camera(&self) -> Option<&Connection> {
        self.published.as_ref().map(|published| &published.connection)
    }

    async fn leave(&self) -> Result<()> {
        let mut watching = self.watching.lock().await;
        watching.api.request("destroy", Map::new()).await?;
        watching.viewing = None;
        Ok(())
    }
}

impl Person {
    fn feed(&self) -> Option<u64> {
        self.published.as_ref().map(|published| published.feed)
    }

    async fn watch(&self, feeds: &[u64]) -> Result<()> {
        let mut watching = self.watching.lock().await;
        let Watching { api, viewing } = &mut *watching;
        let streams: Vec<Value> = feeds.iter().map(|feed| json!({ "feed": feed })).collect();
        if let Some(viewing) = viewing {
            let offered =
                api.message(viewing.handle, &json!({ "request": "subscribe", "streams": streams }), None).await?;
            let (answer, agreement) = viewing.description.answer(offered.sdp()?, &[])?;
            api.answer(viewing.handle, answer).await?;
            viewing.connection.renegotiated(&viewing.description, agreement);
            return Ok(());
        }
        let handle = api.attach().await?;
        let body = json!({ "request": "join", "ptype": "subscriber", "room": self.room, "streams": streams, "autoupdate": false });
        let offered = api.message(handle, &body, None).await?;
        let end = self.wiring.end()?;
        let (answer, agreement) = end.description.answer(offered.sdp()?, &[])?;
        api.answer(handle, answer).await?;
        let description = end.description.clone();
        let connection = self.wiring.connect(self.seat, end, agreement).await?;
        *viewing = Some(Viewing { handle, description, connection });
        Ok(())
    }
}

/// One session of Janus' API over one socket.
struct Api {
    socket: WebSocketStream<TcpStream>,
    session: Option<u64>,
    transactions: u64,
}

/// What Janus says, as far as it is needed.
#[derive(Debug, Deserialize)]
struct Said {
    janus: String,
    transaction: Option<String>,
    sender: Option<u64>,
    data: Option<Identified>,
    plugindata: Option<PluginData>,
    jsep: Option<Jsep>,
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Identified {
    id: u64,
}

#[derive(Debug, Deserialize)]
struct PluginData {
    data: RoomSaid,
}

#[derive(Debug, Deserialize)]
struct RoomSaid {
    id: Option<u64>,
    error_code: Option<u64>,
    error: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Jsep {
    sdp: String,
}

impl Said {
    fn sdp(&self) -> Result<&str> {
        Ok(&self.jsep.as_ref().context("Janus gave no description")?.sdp)
    }

    fn refusal(&self) -> Option<(u64, &str)> {
        let said = &self.plugindata.as_ref()?.data;
        Some((said.error_code?, said.error.as_deref().unwrap_or_default()))
    }
}

impl Api {
    async fn open(address: IpAddr) -> Result<Self> {
        let stream = TcpStream::connect((address, PORT)).await?;
        stream.set_nodelay(true)?;
        let mut request = format!("ws://{}/janus", SocketAddr::new(address, PORT)).into_client_request()?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("janus-protocol"));
        let (socket, _) =
            tokio_tungstenite::client_async(request, stream).await.context("Janus' socket does not open")?;
        let mut api = Self { socket, session: None, transactions: 0 };
        api.session = api.request("create", Map::new()).await?.data.map(|session| session.id);
        Ok(api)
    }

    /// A handle of the VideoRoom plugin.
    async fn attach(&mut self) -> Result<u64> {
        let plugin = Map::from_iter([("plugin".to_owned(), json!("janus.plugin.videoroom"))]);
        self.request("attach", plugin).await?.data.map(|handle| handle.id).context("Janus gave no handle")
    }

    /// Whoever comes first makes it.
    async fn make_room(&mut self, handle: u64, room: u64) -> Result<()> {
        let body = json!({
            "request": "create", "room": room, "publishers": 100, "bitrate": 0, "audiocodec": "opus", "videocodec": "vp8",
            "record": false, "notify_joining": false, "transport_wide_cc_ext": false,
        });
        let said = self.request_of(handle, &body, None).await?;
        match said.refusal() {
            None | Some((ROOM_EXISTS, _)) => Ok(()),
            Some((code, error)) => bail!("Janus makes no room: {error} ({code})"),
        }
    }

    /// A request of the plugin that has to succeed.
    async fn message(&mut self, handle: u64, body: &Value, jsep: Option<Value>) -> Result<Said> {
        let said = self.request_of(handle, body, jsep).await?;
        match said.refusal() {
            None => Ok(said),
            Some((code, error)) => bail!("Janus refuses {}: {error} ({code})", body["request"]),
        }
    }

    async fn answer(&mut self, handle: u64, sdp: String) -> Result<()> {
        let jsep = json!({ "type": "answer", "sdp": sdp, "trickle": false });
        self.message(handle, &json!({ "request": "start" }), Some(jsep)).await.map(drop)
    }

    async fn request_of(&mut self, handle: u64, body: &Value, jsep: Option<Value>) -> Result<Said> {
        let mut fields = Map::from_iter([("handle_id".to_owned(), json!(handle)), ("body".to_owned(), body.clone())]);
        fields.extend(jsep.map(|jsep| ("jsep".to_owned(), jsep)));
        self.request("message", fields).await
    }

    async fn request(&mut self, verb: &str, mut fields: Map<String, Value>) -> Result<Said> {
        self.transactions += 1;
        let transaction = self.transactions.to_string();
        fields.insert("janus".to_owned(), json!(verb));
        fields.insert("transaction".to_owned(), json!(transaction));
        fields.extend(self.session.map(|session| ("session_id".to_owned(), json!(session))));
        self.socket
            .send(Message::text(Value::Object(fields).to_string()))
            .await
            .context("Janus takes no more messages")?;
        let ours = |said: &Said| said.transaction.as_ref() == Some(&transaction) && said.janus != "ack";
        let said = self.event(ours).await.with_context(|| format!("Janus did not answer {verb}"))?;
        match &said.error {
            None => Ok(said),
            Some(error) => bail!("Janus refuses {verb}: {error}"),
        }
    }

    /// Drops what does not fit.
    async fn event(&mut self, fits: impl Fn(&Said) -> bool) -> Result<Said> {
        let heard = async {
            while let Some(frame) = self.socket.next().await {
                let Message::Text(text) = frame.context("Janus' socket broke")? else { continue };
                log::debug!("janus: {text}");
                let said: Said = serde_json::from_str(&text).with_context(|| format!("not Janus' words: {text}"))?;
                if fits(&said) {
                    return Ok(said);
                }
            }
            bail!("Janus closed the socket")
        };
        tokio::time::timeout(ANSWER_TIMEOUT, heard).await?
    }
}
