// SPDX-License-Identifier: MIT
// Reads what an administrator writes about keys.
#include "provisioning/profile/keys.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace profile {
namespace {

using base::Errc;
using base::fail;

constexpr std::size_t most_keys = 100; // no phone has more; what a model has is its checker's word

struct Word {
    std::string_view name;
    Key::Kind kind;
    bool has_number;
};

constexpr std::array<Word, 8> words{{{"line", Key::Kind::line, true},
                                     {"blf", Key::Kind::blf, true},
                                     {"dial", Key::Kind::dial, true},
                                     {"voicemail", Key::Kind::voicemail, false},
                                     {"pickup", Key::Kind::pickup, true},
                                     {"group-pickup", Key::Kind::group_pickup, false},
                                     {"headset", Key::Kind::headset, false},
                                     {"none", Key::Kind::none, false}}};

std::string_view take_word(std::string_view& text) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text = base::trim(text.substr(end));
    return word;
}

base::Result<Key> parse_key(std::string_view text) {
    const auto name = take_word(text);
    for (const Word& word : words) {
        if (word.name != name) {
            continue;
        }
        Key key{word.kind, {}, {}};
        if (word.has_number) {
            key.number = take_word(text);
            if (key.number.empty() ||
                key.number.find_first_not_of("0123456789*#+") != std::string::npos) {
                return fail(Errc::malformed, "expected a number behind {}", name);
            }
        }
        key.label = text;
        return key;
    }
    return fail(Errc::malformed,
                "expected line NUMBER, blf EXTENSION, dial NUMBER, pickup EXTENSION, group-pickup, "
                "voicemail, headset or none, each perhaps with a label, and a comma between two "
                "keys");
}

} // namespace

base::Result<std::vector<Key>> parse_keys(std::string_view text) {
    std::vector<Key> keys;
    for (const auto part : base::split(text, ',')) {
        auto key = parse_key(base::trim(part));
        if (!key) {
            return fail(key.error().code, "key {}: {}", keys.size() + 1, key.error().what);
        }
        keys.push_back(std::move(*key));
        if (keys.size() > most_keys) {
            return fail(Errc::refused, "more than {} keys", most_keys);
        }
    }
    return keys;
}

} // namespace profile
