// SPDX-License-Identifier: MIT
// Whatever the guard accepts renders without a fault, and never more than the limits allow.
// rooms: profile
#include "provisioning/profile/guard.hpp"
#include "provisioning/profile/render.hpp"

#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

using profile::Model;
using profile::Source;

Model example() {
    Model line;
    line.values = {{"a", "1<&"}, {"b", ""}};
    line.flags = {{"t", true}, {"f", false}};
    Model model;
    model.values = {{"a", "{{a}}"}, {"c", "x\n"}};
    model.flags = {{"t", true}, {"f", false}};
    model.lists = {{"l", {line, line}}, {"m", {line}}};
    return model;
}

} // namespace

/// The input is several templates, split at zero bytes; {{>0}}, {{>1}}, … are their names.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Model model = example();
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    std::vector<Source> sources;
    while (sources.size() < 9) {
        const auto end = rest.find('\0');
        sources.push_back({std::to_string(sources.size()), std::string(rest.substr(0, end))});
        if (end == std::string_view::npos) {
            break;
        }
        rest.remove_prefix(end + 1);
    }
    const profile::Partials partials{
        [&](std::string_view name) -> const Source* {
            const bool digit = name.size() == 1 && name[0] >= '0' && name[0] <= '9';
            const auto index = digit ? static_cast<std::size_t>(name[0] - '0') : sources.size();
            return index < sources.size() ? &sources[index] : nullptr;
        },
        {"0", "1"}};
    const auto pieces = profile::accept(sources.front(), partials, model);
    if (!pieces) {
        return 0;
    }
    const auto ready = profile::Template::compile(*pieces, profile::Format::xml);
    if (!ready) {
        std::abort(); // the library and the guard read the same text differently
    }
    if (!ready->render(model)) {
        std::abort();
    }
    // What was put together reads back as the same pieces: no tag came to be that nobody saw.
    const profile::Partials none{[](std::string_view) { return nullptr; }, {}};
    const Source flat{"flat", profile::flat(*pieces)};
    if (flat.text.size() <= profile::largest_template && !profile::accept(flat, none, model)) {
        std::abort();
    }
    return 0;
}
