// SPDX-License-Identifier: MIT
// The first line of a request on the control socket.
#include "provisioning/admin/request.hpp"

#include "provisioning/base/json.hpp"

namespace admin {

base::Result<RequestLine> read_request_line(std::string_view line) {
    const auto json = base::Json::parse(line);
    if (!json) {
        // What the parser says names a byte, never what stands there: it may be a password.
        return base::fail(json.error().code, "the request is not understood: {}",
                          json.error().what);
    }
    constexpr std::size_t most_words = 1000;
    RequestLine out;
    for (const base::Json& word : json->get("words").items()) {
        constexpr std::string_view no_text{"\0", 1};
        out.words.push_back(word.text(no_text));
        if (out.words.back() == no_text || out.words.size() > most_words) {
            return base::fail(base::Errc::malformed, "the request's words are not all text, or too "
                                                     "many");
        }
    }
    const std::int64_t bytes = json->get("input_bytes").number(0);
    if (bytes < 0 || static_cast<std::uint64_t>(bytes) > max_request_input) {
        return base::fail(base::Errc::refused, "more than {} bytes of input; split the file",
                          max_request_input);
    }
    out.input_bytes = static_cast<std::size_t>(bytes);
    return out;
}

} // namespace admin
