// SPDX-License-Identifier: MIT
// One digest and one date per file that was asked for.
#include "provisioning/serve/modified.hpp"

#include <algorithm>

namespace serve {

std::int64_t Modified::since(base::Mac mac,
                             const std::string& step,
                             const base::Digest256& digest,
                             std::int64_t now) {
    const std::lock_guard hold(lock_);
    if (contents_.size() >= most_) {
        contents_.clear();
    }
    const auto [found, is_new] = contents_.try_emplace({mac, step});
    Content& content = found->second;
    if (is_new || content.digest != digest) {
        // Later than before even if the clock was set back: an old date must not fit new content.
        content.since = is_new ? now : std::max(now, content.since + 1);
        content.digest = digest;
    }
    return content.since < now ? content.since : 0;
}

} // namespace serve
