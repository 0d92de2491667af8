//! Whose turn it is to compute on a thread.
//!
//! Guests that compute for more than a slice take turns: function after function, so that none gets more than its share
//! however many of its invocations wait, and within a function in the order of arrival. An invocation that would wait too
//! long is refused before it begins: an edge that lets everybody in finishes nothing in time.

use std::{
    collections::{HashMap, VecDeque},
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use tokio::{sync::oneshot, task::yield_now};

use crate::now::{lately, now};

/// One whose invocations usually take less begins at once: to refuse it would save little of what it costs.
const BRIEF: Duration = Duration::from_micros(250);
/// An invocation goes on before others of its function for this long, then they go first: most of those that wait are
/// finished sooner than if all took turns, and a long one holds up nobody for ever.
const PRECEDENCE: Duration = Duration::from_millis(20);
/// What the quickest functions may take without notice, in microseconds.
const USUAL_US: u64 = 100;
/// Nobody waits longer than this for the first turn…
const MAX_WAIT: Duration = Duration::from_millis(500);
/// …or than so many executions where each takes longer, but no more than half of the function's time-out.
const MAX_EXECUTIONS_AHEAD: u32 = 4;

/// What is known of a function's executions on this edge.
#[derive(Default)]
pub(crate) struct Pace {
    mean_us: AtomicU64,
}

impl Pace {
    fn mean(&self) -> Duration {
        Duration::from_micros(self.mean_us.load(Relaxed))
    }

    /// The mean follows the last ten or so. One that took far longer counts as twice the mean, so that an execution in which the
    /// machine did something else makes no slow function of a quick one; one that is slow from now on is known after ten.
    /// Threads may overwrite each other: it is an estimate.
    fn note(&self, spent: Duration) {
        let spent = u64::try_from(spent.as_micros()).unwrap_or(u64::MAX);
        let mean = self.mean_us.load(Relaxed);
        let next = if mean == 0 { spent } else { mean - mean / 8 + spent.min(mean * 2 + USUAL_US) / 8 };
        self.mean_us.store(next, Relaxed);
    }
}

/// The turns of one thread, or of several that run the same tasks.
pub(crate) struct Turns {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Turns that nobody has.
    free: usize,
    /// Functions of which invocations wait, the next one first.
    order: VecDeque<usize>,
    waiting: HashMap<usize, VecDeque<oneshot::Sender<()>>>,
}

/// The right to compute until it is dropped.
struct Turn<'a>(&'a Turns);

/// The invocation would wait too long.
#[derive(Debug)]
pub(crate) struct Busy;

impl Turns {
    /// As many at once as there are threads.
    pub(crate) fn new(threads: usize) -> Self {
        Self { state: Mutex::new(State { free: threads, ..State::default() }) }
    }

    /// Invocations that wait for their turn.
    pub(crate) fn waiting(&self) -> usize {
        self.state().waiting.values().map(VecDeque::len).sum()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long an invocation of the function would wait for its first turn.
    fn wait(&self, function: usize, mean: Duration) -> Duration {
        let state = self.state();
        let ahead = state.waiting.get(&function).map_or(0, VecDeque::len) + usize::from(state.free == 0);
        let others = state.order.len().max(1);
        mean.saturating_mul(u32::try_from(ahead * others).unwrap_or(u32::MAX))
    }

    /// Waits for a turn, before or behind the function's other invocations.
    async fn take(&self, function: usize, first: bool) -> Turn<'_> {
        self.join(function, first).wait().await
    }

    /// A place in the queue, or a turn if there is a free one. Who has a turn and wants another joins before it gives the first
    /// away: else others of a function that waits already would pass it.
    fn join(&self, function: usize, first: bool) -> Place<'_> {
        let mut state = self.state();
        if state.free > 0 {
            state.free -= 1;
            return Place { turns: self, granted: None, taken: false };
        }
        let (sender, granted) = oneshot::channel();
        let queue = state.waiting.entry(function).or_default();
        if first {
            queue.push_front(sender);
        } else {
            queue.push_back(sender);
        }
        if queue.len() == 1 {
            state.order.push_back(function);
        }
        Place { turns: self, granted: Some(granted), taken: false }
    }

    /// Gives a turn that has ended to the next function's next invocation.
    fn pass_on(&self) {
        let mut state = self.state();
        while let Some(function) = state.order.pop_front() {
            let Some(queue) = state.waiting.get_mut(&function) else { continue };
            let next = queue.pop_front();
            if queue.is_empty() {
                state.waiting.remove(&function);
            } else {
                state.order.push_back(function);
            }
            // One that waits no more has dropped its end.
            if next.is_some_and(|next| next.send(()).is_ok()) {
                return;
            }
        }
        state.free += 1;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.pass_on();
    }
}

/// A place in the queue. A turn that comes when nobody waits for it any more goes to the next.
struct Place<'a> {
    turns: &'a Turns,
    /// `None`: it is this one's turn already.
    granted: Option<oneshot::Receiver<()>>,
    taken: bool,
}

impl<'a> Place<'a> {
    async fn wait(mut self) -> Turn<'a> {
        if let Some(granted) = &mut self.granted {
            // The sender is never dropped without sending.
            let _ = granted.await;
        }
        self.taken = true;
        Turn(self.turns)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        let granted = self.granted.as_mut().is_none_or(|granted| {
            granted.close();
            granted.try_recv().is_ok()
        });
        if granted {
            self.turns.pass_on();
        }
    }
}

/// Notes that the future was woken, and wakes its task, unless the future is being polled: a guest that was cut off after its
/// slice wakes itself, and a task that is ready before it yields gets the sockets no look.
#[derive(Default)]
struct Woken {
    state: Mutex<Sleep>,
}

#[derive(Default)]
struct Sleep {
    woken: bool,
    /// Whom to wake; `None`: the future is being polled.
    task: Option<Waker>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut sleep = self.sleep();
        sleep.woken = true;
        if let Some(task) = sleep.task.take() {
            task.wake();
        }
    }
}

impl Woken {
    fn sleep(&self) -> MutexGuard<'_, Sleep> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The future is polled from now on.
    fn begin(&self) {
        *self.sleep() = Sleep::default();
    }

    /// Ready when it was woken since.
    fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        let mut sleep = self.sleep();
        if sleep.woken {
            return Poll::Ready(());
        }
        sleep.task = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// Runs an invocation in turns. One that is ready at the first poll, as most are, costs one look at the clock.
///
/// When the future is ready it has [set](crate::now::set) the time. `timeout` is the function's own. Refused before the first poll, or not at all.
pub(crate) async fn in_turns<F: Future>(
    future: F,
    turns: &Turns,
    pace: &Pace,
    timeout: Duration,
) -> Result<F::Output, Busy> {
    let function = std::ptr::from_ref(pace) as usize;
    let mean = pace.mean();
    let mut future = pin!(future);
    let mut spent = Duration::ZERO;
    if mean < BRIEF {
        let first = poll_fn(|cx| Poll::Ready(timed(&mut spent, future.as_mut(), cx))).await;
        if let Poll::Ready(output) = first {
            pace.note(spent);
            return Ok(output);
        }
    } else if turns.wait(function, mean) > MAX_WAIT.max((mean * MAX_EXECUTIONS_AHEAD).min(timeout / 2)) {
        return Err(Busy);
    }
    Ok(rest(future, turns, pace, function, spent).await)
}

async fn rest<F: Future>(
    mut future: Pin<&mut F>,
    turns: &Turns,
    pace: &Pace,
    function: usize,
    mut spent: Duration,
) -> F::Output {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut until = PRECEDENCE;
    let mut turn = turns.take(function, false).await;
    loop {
        // tokio looks at sockets every 61 polls only, or when a task yields: between two slices they get their turn.
        yield_now().await;
        let polled = poll_fn(|_| {
            woken.begin();
            Poll::Ready(timed(&mut spent, future.as_mut(), &mut Context::from_waker(&waker)))
        });
        if let Poll::Ready(output) = polled.await {
            pace.note(spent);
            return output;
        }
        let first = spent < until;
        if !first {
            until = spent + PRECEDENCE;
        }
        turn = if woken.sleep().woken {
            // A guest that was cut off after its slice has woken itself.
            let place = turns.join(function, first);
            drop(turn);
            place.wait().await
        } else {
            drop(turn);
            poll_fn(|cx| woken.poll(cx)).await;
            turns.take(function, first).await
        };
    }
}

fn timed<F: Future>(spent: &mut Duration, future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
    let began = now();
    let polled = future.poll(cx);
    // At the end of an invocation somebody has looked already.
    let ended = if polled.is_ready() { lately() } else { now() };
    *spent += ended.saturating_duration_since(began);
    polled
}

#[cfg(test)]
mod tests {
    use std::{
        cell::{Cell, RefCell},
        io::Write,
        net::TcpStream,
        rc::Rc,
    };

    use tokio::{
        io::AsyncReadExt,
        net::TcpListener,
        task::{LocalSet, spawn_local},
    };

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(3);
    const SLICE: Duration = Duration::from_millis(1);

    /// Computes for so many slices; `each` is called in every one.
    fn guest(slices: usize, each: impl Fn()) -> impl Future<Output = ()> {
        let left = Cell::new(slices);
        poll_fn(move |cx| {
            let end = now() + SLICE;
            while now() < end {}
            each();
            left.set(left.get() - 1);
            if left.get() == 0 {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    }

    fn slow() -> Pace {
        Pace { mean_us: AtomicU64::new(10_000) }
    }

    #[test]
    fn takes_a_quick_function_for_slow_when_it_is_slow_time_after_time() {
        let pace = Pace::default();
        (0..20).for_each(|_| pace.note(Duration::from_micros(15)));
        (0..3).for_each(|_| pace.note(Duration::from_millis(50)));
        assert!(pace.mean() < BRIEF, "{:?}", pace.mean());
        (0..20).for_each(|_| pace.note(Duration::from_millis(50)));
        assert!(pace.mean() > BRIEF, "{:?}", pace.mean());
    }

    #[tokio::test]
    async fn gives_each_function_its_share_however_many_of_its_invocations_wait() {
        let (turns, log) = (Rc::new(Turns::new(1)), Rc::new(RefCell::new(Vec::new())));
        let tasks = LocalSet::new();
        let (greedy, modest) = (Rc::new(slow()), Rc::new(slow()));
        for (name, pace, invocations) in [('g', greedy, 10), ('m', modest, 1)] {
            for _ in 0..invocations {
                let (turns, log, pace) = (Rc::clone(&turns), Rc::clone(&log), Rc::clone(&pace));
                tasks.spawn_local(async move {
                    let guest = guest(5, || log.borrow_mut().push(name));
                    in_turns(guest, &turns, &pace, TIMEOUT).await.unwrap();
                });
            }
        }
        tasks.await;
        let log = log.borrow();
        let last = log.iter().rposition(|name| *name == 'm').unwrap();
        assert!(last <= 10, "it waits for one slice of the other function between two of its own: {log:?}");
        assert_eq!(log.len(), 55);
        assert_eq!(turns.state().free, 1);
    }

    #[tokio::test]
    async fn refuses_what_would_wait_too_long_and_takes_it_again_later() {
        let (turns, pace) = (Rc::new(Turns::new(1)), Rc::new(slow()));
        let tasks = LocalSet::new();
        let refused = Rc::new(Cell::new(0));
        for _ in 0..100 {
            let (turns, pace, refused) = (Rc::clone(&turns), Rc::clone(&pace), Rc::clone(&refused));
            tasks.spawn_local(async move {
                if in_turns(guest(1, || ()), &turns, &pace, TIMEOUT).await.is_err() {
                    refused.set(refused.get() + 1);
                }
            });
        }
        tasks.await;
        // 50 executions of 10 ms are half a second; one runs already.
        assert!((45..=51).contains(&refused.get()), "{refused:?}");
        assert!(in_turns(guest(1, || ()), &turns, &pace, TIMEOUT).await.is_ok());
        assert_eq!((turns.waiting(), turns.state().free), (0, 1));
    }

    #[tokio::test]
    async fn passes_the_turn_of_one_that_gave_up_on() {
        let turns = Turns::new(1);
        let held = turns.take(1, false).await;
        let mut cx = Context::from_waker(Waker::noop());
        let mut leaves = Box::pin(turns.take(1, false));
        let mut stays = Box::pin(turns.take(2, false));
        assert!(leaves.as_mut().poll(&mut cx).is_pending() && stays.as_mut().poll(&mut cx).is_pending());
        drop(held);
        drop(leaves);
        assert!(stays.as_mut().poll(&mut cx).is_ready());
        drop(stays);
        assert_eq!((turns.waiting(), turns.state().free), (0, 1));
    }

    #[tokio::test]
    async fn lets_sockets_be_seen_after_a_slice() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let (read, slices) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
        let (seen, counter) = (Rc::clone(&read), Rc::clone(&slices));
        // Computes until the byte was read, waking itself as a guest does. The byte comes when the reader waits already.
        let guest = poll_fn(move |cx| {
            counter.set(counter.get() + 1);
            if counter.get() == 10 {
                client.write_all(b"1").unwrap();
            }
            cx.waker().wake_by_ref();
            if seen.get() { Poll::Ready(()) } else { Poll::Pending }
        });
        // As in the server, each is a task of its own on the thread.
        let tasks = LocalSet::new();
        tasks.spawn_local(async move {
            server.read_u8().await.unwrap();
            read.set(true);
        });
        let turns = Turns::new(1);
        tasks
            .run_until(async {
                spawn_local(async move { in_turns(guest, &turns, &Pace::default(), TIMEOUT).await.unwrap() })
                    .await
                    .unwrap()
            })
            .await;
        assert!(slices.get() < 20, "{slices:?}: without the turn it is 61 and more");
    }

    #[tokio::test]
    async fn holds_no_turn_while_it_waits_for_something_else() {
        let (turns, pace) = (Arc::new(Turns::new(1)), Arc::new(slow()));
        let (sender, receiver) = oneshot::channel();
        let waits = tokio::spawn({
            let (turns, pace) = (Arc::clone(&turns), Arc::clone(&pace));
            async move { in_turns(async move { receiver.await.unwrap() }, &turns, &pace, TIMEOUT).await.unwrap() }
        });
        yield_now().await;
        in_turns(async { yield_now().await }, &turns, &pace, TIMEOUT).await.unwrap();
        std::thread::spawn(move || sender.send(7).unwrap());
        assert_eq!(waits.await.unwrap(), 7);
    }
}
