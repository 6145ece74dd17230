import Testing

@testable import Netfilter

@Suite struct ListingTests {
    @Test(
        "What the kernel fills in is left out of a listing, and what changes the meaning stays",
        arguments: [
            ("[ counter pkts 7 bytes 900 ]", "[ counter ]"),
            (
                "[ dynset update reg_key 1 set d timeout 0ms expr [ masq ] ]",
                "[ dynset update reg_key 1 set d expr [ masq ] ]"
            ),
            (
                "[ dynset update reg_key 1 set d timeout 9ms expr [ masq ] ]",
                "[ dynset update reg_key 1 set d timeout 9ms expr [ masq ] ]"
            ),
            ("[ lookup reg 1 set exits 0x0 ]", "[ lookup reg 1 set exits ]"),
            ("[ lookup reg 1 set exits 0x1 ]", "[ lookup reg 1 set exits 0x1 ]"),
            ("[ redir proto_min reg 1 proto_max reg 1 flags 0x2 ]", "[ redir proto_min reg 1 flags 0x2 ]"),
            (
                "[ redir proto_min reg 1 proto_max reg 2 flags 0x2 ]",
                "[ redir proto_min reg 1 proto_max reg 2 flags 0x2 ]"
            ),
            ("[ nat dnat ip addr_min reg 1 addr_max reg 1 flags 0x1 ]", "[ nat dnat ip addr_min reg 1 ]"),
            ("[ nat dnat ip addr_min reg 1 flags 0x3 ]", "[ nat dnat ip addr_min reg 1 flags 0x3 ]"),
            ("[ masq ]", "[ masq ]"), ("[ nat snat ip ]", "[ nat snat ip ]"),
        ])
    func canonical(line: String, expected: String) {
        #expect(NftRuleHandle.instructions("inet t c 4 3\n  \(line)\n  userdata = { x }\n".utf8) == [expected])
    }
}
