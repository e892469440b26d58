// SPDX-License-Identifier: MIT
// Any bytes as a request target, and any bytes as a Range: a path is clean or there is none.
// rooms: serve
#include "provisioning/serve/conditional.hpp"
#include "provisioning/serve/date.hpp"
#include "provisioning/serve/target.hpp"
#include "tests/fuzz/demand.hpp"

#include <cstdint>
#include <string_view>

namespace {

void look_at_path(std::string_view text) {
    const auto path = serve::clean_path(text);
    if (!path) {
        return;
    }
    demand(path->size() <= text.size() + 1 && path->front() == '/');
    demand(path->find("//") == std::string::npos);
    demand((*path + "/").find("/../") == std::string::npos);
    demand((*path + "/").find("/./") == std::string::npos);
    for (const char c : *path) {
        demand(c >= ' ' && c <= '~' && c != '\\');
    }
    demand(serve::without_token(*path).size() <= path->size() + 3);
}

void look_at_range(std::string_view text, std::uint64_t size) {
    const auto part = serve::parse_range(text, size);
    switch (part.kind) {
    case serve::Part::Kind::whole:
        demand(part.offset == 0 && part.length == size);
        break;
    case serve::Part::Kind::part:
        demand(part.length > 0 && part.offset < size && part.length <= size - part.offset);
        break;
    case serve::Part::Kind::unsatisfiable:
        demand(part.length == 0);
        break;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    look_at_path(text);
    for (const std::uint64_t length : {0ULL, 1ULL, 1000ULL, ~0ULL}) {
        look_at_range(text, length);
    }
    if (const auto time = serve::parse_http_date(text)) {
        demand(*time >= 0 && serve::parse_http_date(serve::http_date(*time)) == time);
    }
    for (const char* method : {"GET", "HEAD"}) {
        const std::string field(text);
        const auto plan = serve::plan(method, {field, field, field, field}, "\"t\"", 1, 10);
        demand(plan.offset + plan.length <= 10);
    }
    return 0;
}
