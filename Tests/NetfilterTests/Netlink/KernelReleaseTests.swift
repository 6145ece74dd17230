import SystemPackage
import Testing

@testable import Netfilter

@Suite struct KernelReleaseTests {
    @Test(
        "The front of uname -r is read",
        arguments: [
            ("6.1.0-18-amd64", KernelRelease(6, 1)), ("5.15.167.4-microsoft-standard", KernelRelease(5, 15)),
            ("6.18-rc1", KernelRelease(6, 18)), ("7.0", KernelRelease(7, 0)),
        ])
    func read(text: String, release: KernelRelease) {
        #expect(KernelRelease(text) == release)
    }

    @Test("What is no version is none", arguments: ["", "6", "linux", "a.b"])
    func unreadable(text: String) {
        #expect(KernelRelease(text) == nil)
    }

    @Test("Versions are ordered as numbers")
    func order() {
        #expect(KernelRelease(6, 9) < KernelRelease(6, 12))
        #expect(KernelRelease(5, 19) < KernelRelease(6, 0))
        #expect(KernelRelease(1, 0) < KernelRelease.current)
    }

    @Test("A refused feature is named with the version it came with, and the version that runs")
    func explained() {
        let error = NetfilterError(
            .unsupported, "cannot add the table inet pic_egress: this kernel lacks it", errno: .notSupported)
        let old = KernelRelease(6, 1).explain(error).message
        #expect(old.contains("flag persist) need Linux 6.9, this is 6.1"))
        let new = KernelRelease(6, 18).explain(error).message
        #expect(new.contains("another program's table of that name"))
        let other = NetfilterError(.unsupported, "cannot do something else", errno: .notSupported)
        #expect(KernelRelease(6, 1).explain(other).message == other.message)
    }

    @Test("Tables have an owner only where they outlive it")
    func kept() {
        #expect(NftTable.Flags.kept(KernelRelease(6, 8)) == [])
        #expect(NftTable.Flags.kept(KernelRelease(6, 9)) == [.owner, .persist])
    }

    @Test("Rights that are missing are told from the mask")
    func rights() {
        #expect(Capability.missing(in: ~0) == [])
        #expect(Capability.missing(in: 1 << 12) == [.sysAdmin])
        #expect(Capability.missing(in: 0).map(\.name) == ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"])
    }
}
