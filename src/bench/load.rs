//! The load: many connections that ask as fast as they are answered, on threads of their own.
use crate::error::{Error, Result};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came out of it.
pub struct Measured {
    /// Answers a second.
    pub rate: u64,
    /// Half of the answers came within this time.
    pub p50: Duration,
    /// All but one in a hundred came within this time.
    pub p99: Duration,
}

/// Asks over so many connections for so long. Every answer must be a success, or tell the caller to come
/// again, which it does: only successes count.
pub async fn measure(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    request: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static,
) -> Result<Measured> {
    let (request, number) = (Arc::new(request), Arc::new(AtomicU64::new(0)));
    let load = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::internal)?;
        runtime.block_on(async {
            let start = Instant::now();
            let mut callers = tokio::task::JoinSet::new();
            for _ in 0..connections {
                let (request, number) = (request.clone(), number.clone());
                callers.spawn(async move {
                    let next = || request(number.fetch_add(1, Ordering::Relaxed));
                    call(address, start, time, next).await
                });
            }
            let mut times = Vec::new();
            while let Some(done) = callers.join_next().await {
                times.extend(done.map_err(Error::internal)??);
            }
            summary(times, start.elapsed())
        })
    };
    tokio::task::spawn_blocking(load)
        .await
        .map_err(Error::internal)?
}

async fn call(
    address: SocketAddr,
    start: Instant,
    time: Duration,
    next: impl Fn() -> Vec<u8>,
) -> Result<Vec<Duration>> {
    let mut client = Client::connect(address).await?;
    let mut times = Vec::new();
    while start.elapsed() < time {
        let request = next();
        let asked = Instant::now();
        let (status, body) = client.ask(&request).await?;
        if status == 503 {
            continue;
        }
        if !(200..300).contains(&status) {
            let body = String::from_utf8_lossy(&body);
            return Err(Error::internal(format!("answered {status}: {body}")));
        }
        times.push(asked.elapsed());
    }
    Ok(times)
}

fn summary(mut times: Vec<Duration>, elapsed: Duration) -> Result<Measured> {
    times.sort_unstable();
    let count = u64::try_from(times.len()).map_err(Error::internal)?;
    let at = |share: usize| times.get(times.len() * share / 100).copied();
    match (at(50), at(99)) {
        (Some(p50), Some(p99)) => Ok(Measured {
            rate: rate(count, elapsed)?,
            p50,
            p99,
        }),
        _ => Err(Error::internal("nothing was answered")),
    }
}

/// So many a second, in whole numbers.
pub fn rate(done: u64, elapsed: Duration) -> Result<u64> {
    let millis = u64::try_from(elapsed.as_millis()).map_err(Error::internal)?;
    Ok(done * 1000 / millis.max(1))
}

/// A request as it goes over the wire.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// One connection that is kept; the load shall cost little beside what it measures.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.map_err(Error::internal)?;
        stream.set_nodelay(true).map_err(Error::internal)?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
        })
    }

    /// The status and the body of the answer.
    pub async fn ask(&mut self, request: &[u8]) -> Result<(u16, Vec<u8>)> {
        self.stream
            .write_all(request)
            .await
            .map_err(Error::internal)?;
        self.buffer.clear();
        loop {
            if let Some(answer) = whole(&self.buffer)? {
                return Ok(answer);
            }
            if self
                .stream
                .read_buf(&mut self.buffer)
                .await
                .map_err(Error::internal)?
                == 0
            {
                return Err(Error::internal("the connection was closed"));
            }
        }
    }
}

/// The answer, once all of it is there.
fn whole(bytes: &[u8]) -> Result<Option<(u16, Vec<u8>)>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&bytes[..end]).map_err(Error::internal)?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    let (Some(status), Some(length)) = (status, length) else {
        return Err(Error::internal("an answer without status or length"));
    };
    let body = &bytes[end + 4..];
    Ok((body.len() >= length).then(|| (status, body[..length].to_vec())))
}
