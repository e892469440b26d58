// SPDX-License-Identifier: MIT
// Any bytes as the word of another server to a phone: what is kept of it is short and has one line.
// rooms: pnp
#include "pnp/rivals.hpp"
#include "tests/fuzz/demand.hpp"

#include <cstdint>

namespace {

void look_at_text(std::string_view text) {
    demand(text.size() <= 83); // 80 and three dots
    for (const char c : text) {
        demand(c >= ' ' && c <= '~');
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto said = pnp::read_foreign(bytes);
    if (!said) {
        return 0;
    }
    demand(pnp::may_be_foreign(bytes));
    look_at_text(said->user_agent);
    look_at_text(said->url_host);
    demand(said->url_host.find('/') == std::string::npos);
    demand(said->url_host.empty() || said->is_notify);
    pnp::Probe probe([](const auto&) {}, base::Steady{});
    probe.asked(said->call_id, "eth0");
    demand(probe.heard(*said, base::Ipv4{0xC0000263}));
    probe.finish();
    return 0;
}
