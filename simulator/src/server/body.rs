//! The body of an answer, whole or breaking off in the middle.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

pub(super) enum AnswerBody {
    Whole(Bytes),
    Half(Half),
}

/// Promises `length` bytes and delivers fewer.
pub(super) struct Half {
    length: u64,
    stage: Stage,
}

enum Stage {
    Send(Bytes),
    /// What was handed over is on the wire only after the next pause.
    Flush,
    Break,
}

impl AnswerBody {
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self::Whole(bytes)
    }

    pub(super) fn half(mut bytes: Bytes) -> Self {
        let length = bytes.len() as u64;
        bytes.truncate(bytes.len() / 2);
        Self::Half(Half {
            length,
            stage: Stage::Send(bytes),
        })
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let half = match &mut *self {
            Self::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                return Poll::Ready((!bytes.is_empty()).then_some(Ok(Frame::data(bytes))));
            }
            Self::Half(half) => half,
        };
        match std::mem::replace(&mut half.stage, Stage::Break) {
            Stage::Send(bytes) => {
                half.stage = Stage::Flush;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Stage::Flush => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Stage::Break => Poll::Ready(Some(Err(io::Error::other("the rest is withheld")))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Whole(bytes) => bytes.len() as u64,
            Self::Half(half) => half.length,
        })
    }
}
