import Containers
import Testing

@Suite("Container names")
struct ContainerNameTests {
    @Test(
        "accepts what Docker accepts",
        arguments: ["a", "cell-notes", "A.b_c-9", "0", String(repeating: "x", count: 64)])
    func accepted(text: String) {
        #expect(ContainerName(text)?.text == text)
    }

    @Test(
        "refuses options, paths, line ends, other scripts and long names",
        arguments: [
            "", "-x", "--privileged", ".a", "_a", "a/b", "a b", "a\n", "\na", "a\0", "ä", "a\u{0660}", "a:b",
            String(repeating: "x", count: 65),
        ])
    func refused(text: String) {
        #expect(ContainerName(text) == nil)
    }
}
