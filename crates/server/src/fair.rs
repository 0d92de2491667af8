//! Gives sockets a turn between two slices of a guest that computes.
//!
//! A guest that yields wakes its own task, which is at once in the queue again, and tokio looks at sockets only every 61
//! polls: with slices of 1 ms a fast function next to a slow one took 147 ms. Here such a wake becomes tokio's own yield,
//! which looks at the sockets first.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use tokio::task::yield_now;

const WAITING: u8 = 0;
const POLLING: u8 = 1;
const WOKEN: u8 = 2;

/// Wakes the task, unless the future is being polled: then it notes that it was woken.
struct FairWaker {
    state: AtomicU8,
    task: Waker,
}

impl Wake for FairWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.compare_exchange(POLLING, WOKEN, Ordering::AcqRel, Ordering::Acquire) == Err(WAITING) {
            self.task.wake_by_ref();
        }
    }
}

/// Runs the future. One that is ready at the first poll, as most invocations are, costs nothing.
pub(crate) async fn fair<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut first = true;
    let mut waker = None;
    loop {
        let polled = poll_fn(|cx| {
            if std::mem::take(&mut first) {
                return match future.as_mut().poll(cx) {
                    Poll::Ready(output) => Poll::Ready(Some(output)),
                    Poll::Pending => Poll::Pending,
                };
            }
            let waker = waker
                .get_or_insert_with(|| Arc::new(FairWaker { state: AtomicU8::new(WAITING), task: cx.waker().clone() }));
            poll_once(future.as_mut(), waker)
        });
        match polled.await {
            Some(output) => return output,
            None => yield_now().await,
        }
    }
}

/// Ready with nothing: the future asks for another poll.
fn poll_once<F: Future>(future: Pin<&mut F>, waker: &Arc<FairWaker>) -> Poll<Option<F::Output>> {
    waker.state.store(POLLING, Ordering::Release);
    let polled = future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(waker))));
    let woken = waker.state.swap(WAITING, Ordering::AcqRel) == WOKEN;
    match polled {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if woken => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, io::Write, net::TcpStream, rc::Rc};

    use tokio::{
        io::AsyncReadExt,
        net::TcpListener,
        sync::oneshot,
        task::{LocalSet, spawn_local},
    };

    use super::*;

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
        tasks.run_until(async { spawn_local(fair(guest)).await.unwrap() }).await;
        assert!(slices.get() < 20, "{slices:?}: without the turn it is 61 and more");
    }

    #[tokio::test]
    async fn passes_on_a_wake_from_elsewhere() {
        let (sender, receiver) = oneshot::channel();
        let task = tokio::spawn(fair(async move {
            yield_now().await;
            receiver.await.unwrap()
        }));
        yield_now().await;
        std::thread::spawn(move || sender.send(7).unwrap());
        assert_eq!(task.await.unwrap(), 7);
    }
}
