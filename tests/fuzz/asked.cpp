// SPDX-License-Identifier: MIT
// Any path, User-Agent and Authorization, one a line: what a request asks for has one of our shapes
// or none.
// rooms: serve
#include "provisioning/serve/asked.hpp"
#include "provisioning/serve/http.hpp"
#include "provisioning/serve/target.hpp"
#include "tests/fuzz/demand.hpp"

#include <cstdint>

namespace {

std::string take_line(std::string_view& rest) {
    const auto end = std::min(rest.find('\n'), rest.size());
    std::string line(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return line;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    serve::Request request;
    request.method = "GET";
    const auto path = serve::clean_path(take_line(rest));
    if (!path) {
        return 0;
    }
    request.path = *path;
    request.user_agent = take_line(rest);
    request.authorization = take_line(rest);
    const auto asked = serve::read_request(request);
    demand(asked.token.empty() || asked.token.size() == 22);
    demand(asked.token.empty() || asked.door == serve::Door::token ||
           asked.door == serve::Door::login);
    demand(asked.vendor.size() <= 32 && (asked.vendor.empty() || asked.door == serve::Door::boot));
    demand(asked.name.find('/') == std::string::npos);
    demand(asked.door == serve::Door::none || !asked.name.empty());
    demand(!asked.user || (asked.has_login && !asked.token.empty()));
    demand(!asked.named || (asked.named->bytes()[0] & 1U) == 0);
    return 0;
}
