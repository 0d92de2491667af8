//! What an invocation costs, in instructions: stepped through one by one, so that a busy machine changes nothing. An edge in a
//! process of its own is warmed up; then its HTTP thread is stepped while a client sends requests one after another. The
//! kernel's part is not counted.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, stdin},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    thread,
    time::Duration,
};

use nix::{
    errno::Errno,
    sys::{
        ptrace,
        signal::Signal,
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};
use swarmlambda_server::{Gateway, Limits, Server};

use crate::{
    harness::{Client, Edge, echo, fails, host, invocation, plain},
    wasm::deploy,
};

/// Instructions of an invocation of `HELLO`, HTTP and all, on x86-64. Compilers and libraries move it by some per cent: then write
/// the new figure here, in a commit that says what moved it.
const EXPECTED: u64 = 48_500;
const MOST: u64 = EXPECTED + EXPECTED / 10;
const LEAST: u64 = EXPECTED - EXPECTED / 5;

const HELLO: &str =
    "export const handler = async (event) => ({ statusCode: 200, body: JSON.stringify({ hello: event.name }) })";
const WARM: usize = 2_000;
const STEPPED: usize = 5;
/// What a request may take then; usually it is half a second.
const STEPPING: Duration = Duration::from_secs(120);

/// glibc copies long stretches by an instruction that is stepped through byte by byte.
const TUNABLES: &str = "glibc.cpu.x86_rep_movsb_threshold=1000000000:glibc.cpu.x86_rep_stosb_threshold=1000000000";

fn hello() -> String {
    invocation("hello", "", r#"{"name":"world"}"#)
}

/// The other process: an edge that says where it is, until its input ends.
#[test]
#[ignore = "is started by the test below"]
fn edge_to_be_counted() {
    let limits = Limits {
        rest_after: STEPPING,
        idle_timeout: STEPPING,
        body_timeout: STEPPING,
        head_timeout: STEPPING,
        ..Limits::default()
    };
    let gateway = Gateway::new("edge-a", "local", limits).unwrap();
    let server =
        Server::listen(Arc::clone(&gateway), host(|_| fails("must not be called"), echo), &plain(), 1).unwrap();
    let edge = Edge { address: server.address(), gateway, server: Some(server) };
    deploy(&edge, "hello", HELLO, |spec| spec.timeout = STEPPING);
    eprintln!("{}", edge.address.port());
    let _ = stdin().read(&mut [0]);
}

/// The thread of that name, stopped where it is.
fn seize(process: u32, name: &str) -> nix::Result<Pid> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap().map(|entry| entry.unwrap());
    let named = |path: std::path::PathBuf| fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm.trim() == name);
    let thread = threads.into_iter().find(|entry| named(entry.path())).unwrap();
    let thread = Pid::from_raw(thread.file_name().to_str().unwrap().parse().unwrap());
    ptrace::seize(thread, ptrace::Options::empty())?;
    ptrace::interrupt(thread)?;
    waitpid(thread, Some(WaitPidFlag::__WALL))?;
    Ok(thread)
}

#[test]
#[cfg_attr(any(debug_assertions, not(target_arch = "x86_64")), ignore = "the figure is of optimised code on x86-64")]
fn a_hello_costs_as_many_instructions_as_before() {
    let mut edge = Command::new(env::current_exe().unwrap())
        .args(["--exact", "instructions::edge_to_be_counted", "--ignored", "--nocapture"])
        .env("GLIBC_TUNABLES", TUNABLES)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    BufReader::new(edge.stderr.as_mut().unwrap()).read_line(&mut port).unwrap();
    let address = format!("127.0.0.1:{}", port.trim()).parse().unwrap();
    let mut client = Client::patient(address, STEPPING);
    for _ in 0..WARM {
        client.send(hello().as_bytes());
        assert_eq!(client.response().status, 200);
    }
    let (counted, process) = (Arc::new(AtomicU64::new(0)), edge.id());
    let counter = Arc::clone(&counted);
    let (ready, begins) = mpsc::channel();
    let stepper = thread::spawn(move || {
        // Slices of a guest are by the clock, which would tick for thousands of them.
        let seized = seize(process, "executor-clock").and_then(|_| seize(process, "edge-http-0"));
        ready.send(seized).unwrap();
        let Ok(server) = seized else { return };
        loop {
            ptrace::step(server, None).unwrap();
            match waitpid(server, Some(WaitPidFlag::__WALL)) {
                Ok(WaitStatus::Stopped(_, Signal::SIGTRAP)) => counter.fetch_add(1, Relaxed),
                _ => return,
            };
        }
    });
    match begins.recv().unwrap() {
        // As in a container without CAP_SYS_PTRACE.
        Err(Errno::EPERM) => {
            edge.kill().unwrap();
            edge.wait().unwrap();
            return eprintln!("not counted: this machine lets nobody trace a process");
        }
        seized => drop(seized.unwrap()),
    }
    let mut costs: Vec<u64> = (0..STEPPED)
        .map(|_| {
            let before = counted.load(Relaxed);
            client.send(hello().as_bytes());
            assert_eq!(client.response().status, 200);
            counted.load(Relaxed) - before
        })
        .collect();
    edge.kill().unwrap();
    edge.wait().unwrap();
    stepper.join().unwrap();
    costs.sort_unstable();
    let cost = costs[STEPPED / 2];
    assert!(cost <= MOST, "a hello costs {cost} instructions ({costs:?}), {EXPECTED} before");
    assert!(cost >= LEAST, "a hello costs only {cost} instructions ({costs:?}): write it down as EXPECTED");
}
