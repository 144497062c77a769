//! Control messages beside a datagram: the segment size of a run, in and out, and the kernel's count of lost datagrams.
//!
//! Owns nothing but a buffer's layout. See cmsg(3), udp(7).

/// Room for the control messages of one `recvmsg` or `sendmsg`, aligned for their headers.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub(super) struct ControlBuffer([u8; 64]);

/// What the kernel says about what it has received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Received {
    /// Size of each datagram but perhaps the last, when several came as one (`UDP_GRO`).
    pub(super) segment_len: Option<usize>,
    /// Datagrams that the socket's queue has lost so far, modulo 2^32 (`SO_RXQ_OVFL`).
    pub(super) queue_dropped: Option<u32>,
}

impl ControlBuffer {
    pub(super) const EMPTY: Self = Self([0; 64]);

    /// Makes this the control message of `header`, asking for segments of `segment_len` bytes.
    pub(super) fn attach_segment_len(&mut self, header: &mut libc::msghdr, segment_len: u16) {
        const DATA_LEN: u32 = u16::BITS / 8;
        self.attach_empty(header);
        // SAFETY: takes plain values.
        header.msg_controllen = unsafe { libc::CMSG_SPACE(DATA_LEN) } as _;
        // SAFETY: `header` points at this buffer, which is aligned for a `cmsghdr` and has room for `CMSG_SPACE(2)` (24)
        // bytes, so the first header is not null and neither it nor its data leaves the buffer.
        unsafe {
            let message = libc::CMSG_FIRSTHDR(header);
            (*message).cmsg_level = libc::SOL_UDP;
            (*message).cmsg_type = libc::UDP_SEGMENT;
            (*message).cmsg_len = libc::CMSG_LEN(DATA_LEN) as _;
            libc::CMSG_DATA(message).cast::<u16>().write_unaligned(segment_len);
        }
    }

    /// Makes all of this the room for what the kernel will say about `header`'s datagram.
    pub(super) fn attach_empty(&mut self, header: &mut libc::msghdr) {
        header.msg_control = self.0.as_mut_ptr().cast();
        header.msg_controllen = self.0.len() as _;
    }
}

/// Reads what the kernel has said.
///
/// # Safety
/// `header`'s control pointer and length must be those of a living buffer that `recvmsg` has filled, or null and 0.
pub(super) unsafe fn read(header: &libc::msghdr) -> Received {
    let mut received = Received::default();
    // SAFETY: by the caller's promise the walk stays within the control buffer, whose headers the kernel has written; the
    // data of both messages is at least an int by udp(7) and socket(7), and is read without need of alignment.
    unsafe {
        let mut message = libc::CMSG_FIRSTHDR(header);
        while !message.is_null() {
            let data = libc::CMSG_DATA(message);
            match ((*message).cmsg_level, (*message).cmsg_type) {
                (libc::SOL_UDP, libc::UDP_GRO) => {
                    let len = data.cast::<libc::c_int>().read_unaligned();
                    received.segment_len = usize::try_from(len).ok().filter(|len| *len > 0);
                }
                (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
                    received.queue_dropped = Some(data.cast::<u32>().read_unaligned());
                }
                _ => {}
            }
            message = libc::CMSG_NXTHDR(header, message);
        }
    }
    received
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_is_nothing_received() {
        // SAFETY: an all-zero header has no control messages.
        let received = unsafe { read(&std::mem::zeroed()) };
        assert_eq!(received, Received::default());
    }

    #[test]
    fn a_segment_length_is_one_control_message_of_24_bytes() {
        let mut buffer = ControlBuffer::EMPTY;
        // SAFETY: all zero is a valid header.
        let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
        buffer.attach_segment_len(&mut header, 1_200);
        assert_eq!(header.msg_controllen, 24);
        // SAFETY: the header points at the living buffer above.
        assert_eq!(unsafe { read(&header) }, Received::default(), "what we send is none of what we read");
    }
}
