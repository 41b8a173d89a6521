//! A folder that is gone when the process is, however that ends: killed, interrupted, done. Rust drops no statics.
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// In memory if there is room: copying a database took 0.03 s there, and 1 s on a busy disk.
const MEMORY: &str = "/dev/shm";
const ROOM_KIB: u64 = 2 * 1024 * 1024;

pub struct Scratch {
    pub folder: PathBuf,
    pub owner: Owner,
    /// Its standard input closes with this process.
    _watchdog: Child,
}

/// Whom the folder belongs to and who works in it: us, or the user and group of these ids.
pub type Owner = Option<(u32, u32)>;

impl Scratch {
    /// `last` is a line of shell that runs in the folder before it is removed. The path is short, since a socket's
    /// may have some 100 bytes, and others can reach it, which `TMPDIR` does not promise.
    pub fn new(owner: Owner, last: &str) -> io::Result<Self> {
        let place = if has_room(MEMORY) { MEMORY } else { "/tmp" };
        let number = uuid::Uuid::now_v7().as_u128() & 0xffff_ffff_ffff;
        let folder = PathBuf::from(format!("{place}/mandat-{number:012x}"));
        fs::create_dir(&folder)?;
        if let Some((uid, gid)) = owner {
            chown(&folder, Some(uid), Some(gid))?;
        }
        // It waits for the end of its input rather than for a process id, which another user may not watch and
        // which may be given anew.
        let watchdog = command("sh", owner)
            .args(["-c", &format!("cat; {last}; cd /; rm -rf \"$0\"")])
            .arg(&folder)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            folder,
            owner,
            _watchdog: watchdog,
        })
    }

    /// Runs a program in the folder, as its owner, and returns what it said if it fails.
    pub fn run(&self, program: &Path, arguments: &[&str]) -> Result<(), String> {
        let output = command(program, self.owner)
            .args(arguments)
            .current_dir(&self.folder)
            .output()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(format!(
                "{} failed: {}",
                program.display(),
                String::from_utf8_lossy(&output.stderr)
            )),
        }
    }
}

/// Without the settings of the one who runs the tests (PGDATA, PGPORT, a locale that is not there), and out of the
/// reach of their Ctrl-C, which the watchdog must outlive.
fn command(program: impl AsRef<OsStr>, owner: Owner) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C").process_group(0);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    if let Some((uid, gid)) = owner {
        command.uid(uid).gid(gid);
    }
    command
}

/// The fourth word of the second line that `df -P` prints is what is free.
fn has_room(place: &str) -> bool {
    let Ok(output) = Command::new("df").args(["-Pk", place]).output() else {
        return false;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let free = text
        .lines()
        .nth(1)
        .and_then(|line| line.split_whitespace().nth(3));
    free.and_then(|it| it.parse().ok())
        .is_some_and(|kib: u64| kib >= ROOM_KIB)
}
