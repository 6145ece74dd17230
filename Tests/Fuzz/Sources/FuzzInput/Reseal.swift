/// Gives every block that carries a tar magic the checksum it needs: a mutated field would otherwise never be read.
public func reseal(_ tar: inout [UInt8]) {
    for start in stride(from: 0, to: tar.count - tar.count % 512, by: 512) {
        guard tar[(start + 257)..<(start + 262)].elementsEqual("ustar".utf8) else { continue }
        let field = (start + 148)..<(start + 156)
        for place in field { tar[place] = 0x20 }
        var sum = tar[start..<(start + 512)].reduce(0) { $0 + Int($1) }
        tar[start + 154] = 0
        for place in (148..<154).reversed() {
            tar[start + place] = 0x30 + UInt8(sum % 8)
            sum /= 8
        }
    }
}
