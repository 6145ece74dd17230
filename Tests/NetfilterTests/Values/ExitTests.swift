import Netfilter
import Testing

@Suite struct ExitTests {
    @Test(
        "The words, marks and tables of the exits are the documented ones",
        arguments: [
            (Exit.default, "default", "0x1", "main"), (.wireguard, "wireguard_ext", "0x10", "110"),
            (.openvpn, "openvpn", "0x20", "120"), (.tor, "tor", "0x30", "130"),
        ])
    func documented(exit: Exit, word: String, mark: String, table: String) {
        #expect(exit.description == word)
        #expect(exit.mark.description == mark)
        #expect(exit.table.description == table)
        #expect(Exit(mark: exit.mark) == exit)
    }

    @Test("No mark, a foreign mark and a foreign word are no exit")
    func unknown() {
        #expect(Exit(mark: Mark(rawValue: 0)) == nil)
        #expect(Exit(mark: Mark(rawValue: 0x31)) == nil)
        #expect(Exit(rawValue: "wireguard") == nil)
    }

    @Test(
        "A link's name is taken when the kernel takes it",
        arguments: ["eth0", "wg_ext0", "a", "br-0123456789ab", "eth0.5"])
    func names(text: String) {
        #expect(InterfaceName(text)?.text == text)
    }

    @Test(
        "A link's name that the kernel or nft would misread is refused",
        arguments: [
            "", ".", "..", "a/b", "a:b", "a b", "sixteen-bytes-xx", "wg*", "tün0", "a\n", "a\u{0}",
        ])
    func namesRefused(text: String) {
        #expect(InterfaceName(text) == nil)
    }
}
