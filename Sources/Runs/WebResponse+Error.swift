internal import FoundationEssentials
internal import Web

extension WebResponse {
    /// Whether the answer is `{"ok": true}` (guide, section 4).
    var isOK: Bool {
        struct Answer: Decodable { let ok: Bool }
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(body)).ok
        } catch {
            return false
        }
    }

    /// The text of an answer `{"error": "…"}`, as Caddy and the service API give it; nil for any other.
    var jsonError: String? {
        struct Refusal: Decodable { let error: String }
        do {
            return try JSONDecoder().decode(Refusal.self, from: Data(body)).error
        } catch {
            return nil
        }
    }
}
