//! A connection on which a server may name only so many refs: they are all kept in memory before one is looked at.

use std::any::Any;
use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use gix::bstr::BStr;
use gix::progress::Count;
use gix::protocol::transport::client::blocking_io::{
    ExtendedBufRead, HandleProgress, ReadlineBufRead, RequestWriter, SetServiceResponse, Transport,
};
use gix::protocol::transport::client::{Error, MessageKind, TransportWithoutIO, WriteMode};
use gix::protocol::transport::packetline::PacketLineRef;
use gix::protocol::transport::{Protocol, Service};

use super::meter::Meter;

/// More refs than the largest forge's largest repository names when it is asked for all.
const MAX_LINES: usize = 500_000;
/// Most bytes of all their lines together.
const MAX_BYTES: usize = 64 << 20;

/// A transport whose answers have a bounded number of lines. Packs are no lines and pass.
pub(super) struct Advertised<T> {
    transport: T,
    meter: Meter,
}

impl<T> Advertised<T> {
    /// Counts lines on the meter too: a long list is progress.
    pub(super) fn new(transport: T, meter: Meter) -> Self {
        Self { transport, meter }
    }
}

impl<T: TransportWithoutIO> TransportWithoutIO for Advertised<T> {
    fn set_identity(&mut self, identity: gix::sec::identity::Account) -> Result<(), Error> {
        self.transport.set_identity(identity)
    }

    fn to_url(&self) -> Cow<'_, BStr> {
        self.transport.to_url()
    }

    fn supported_protocol_versions(&self) -> &[Protocol] {
        self.transport.supported_protocol_versions()
    }

    fn connection_persists_across_multiple_requests(&self) -> bool {
        self.transport.connection_persists_across_multiple_requests()
    }

    fn configure(&mut self, config: &dyn Any) -> gix::Result<()> {
        self.transport.configure(config)
    }
}

impl<T: Transport> Transport for Advertised<T> {
    fn handshake<'a>(
        &mut self,
        service: Service,
        extra_parameters: &'a [(&'a str, Option<&'a str>)],
    ) -> Result<SetServiceResponse<'_>, Error> {
        let meter = self.meter.clone();
        let response = self.transport.handshake(service, extra_parameters)?;
        let counted = |refs| Box::new(Counted::new(refs, meter)) as Box<dyn ReadlineBufRead + '_>;
        let refs = response.refs.map(counted);
        Ok(SetServiceResponse { refs, ..response })
    }

    fn request(
        &mut self,
        write_mode: WriteMode,
        on_into_read: MessageKind,
        trace: bool,
    ) -> Result<RequestWriter<'_>, Error> {
        let (writer, reader) = self.transport.request(write_mode, on_into_read, trace)?.into_parts();
        let reader = Box::new(Counted::new(reader, self.meter.clone()));
        Ok(RequestWriter::new_from_bufread(writer, reader, write_mode, on_into_read, trace))
    }
}

/// Counts lines that are read as lines.
struct Counted<R> {
    inner: R,
    meter: Meter,
    lines: usize,
    bytes: usize,
}

impl<R> Counted<R> {
    fn new(inner: R, meter: Meter) -> Self {
        Self { inner, meter, lines: 0, bytes: 0 }
    }

    fn count(&mut self, bytes: usize) -> io::Result<()> {
        self.lines += 1;
        self.meter.inc();
        self.bytes += bytes;
        if self.lines <= MAX_LINES && self.bytes <= MAX_BYTES {
            return Ok(());
        }
        Err(io::Error::other("the server names more than 500,000 refs, or 64 MiB of them"))
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
    }
}

impl<R: ReadlineBufRead> ReadlineBufRead for Counted<R> {
    fn readline(&mut self) -> Option<io::Result<gix::Result<PacketLineRef<'_>>>> {
        // The line borrows the reader: what it adds is counted with the next one.
        if let Err(error) = self.count(0) {
            return Some(Err(error));
        }
        let line = self.inner.readline();
        if let Some(Ok(Ok(line))) = &line {
            self.bytes += line.as_slice().map_or(0, <[u8]>::len);
        }
        line
    }

    fn readline_str(&mut self, line: &mut String) -> io::Result<usize> {
        let read = self.inner.readline_str(line)?;
        self.count(read)?;
        Ok(read)
    }
}

impl<'a, R: ExtendedBufRead<'a>> ExtendedBufRead<'a> for Counted<R> {
    fn set_progress_handler(&mut self, handle_progress: Option<HandleProgress<'a>>) {
        self.inner.set_progress_handler(handle_progress);
    }

    fn peek_data_line(&mut self) -> Option<io::Result<Result<&[u8], Error>>> {
        self.inner.peek_data_line()
    }

    fn reset(&mut self, version: Protocol) {
        self.inner.reset(version);
    }

    fn stopped_at(&self) -> Option<MessageKind> {
        self.inner.stopped_at()
    }
}
