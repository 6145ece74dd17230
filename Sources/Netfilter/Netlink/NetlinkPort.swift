internal import Glibc
internal import Synchronization

/// The numbers of our netlink sockets (nl_pid): the process in the low 22 bits, which hold every pid_max, and a serial
/// number above. So the kernel's messages about a change tell that we made it. The numbers that the kernel gives away
/// itself are the process's own for its first socket, and above 2^31 for the others.
enum NetlinkPort {
    private static let processBits: UInt32 = 22
    /// Serial numbers that leave the highest bit alone.
    static let serials: UInt32 = 511
    private static let serial = Atomic<UInt32>(0)

    /// A number that no other socket of this process has, unless it has 511.
    static func next() -> UInt32 {
        let number = serial.wrappingAdd(1, ordering: .relaxed).newValue % serials + 1
        return number << processBits | UInt32(getpid())
    }

    /// The process of a socket's number; `nil` when the kernel made the number up.
    static func process(of number: UInt32) -> UInt32? {
        number >> 31 == 1 ? nil : number & (1 << processBits - 1)
    }
}
