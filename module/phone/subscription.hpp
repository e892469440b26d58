// SPDX-License-Identifier: MIT
// One multicast SUBSCRIBE of a start: its retransmissions, its answers, and the NOTIFY it is for.
#pragma once

#include "module/phone/sip.hpp"
#include "module/phone/vendor.hpp"
#include "provisioning/base/clock.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace phone {

/// RFC 3261 17.1.2.2 for a request over UDP.
struct Timing {
    std::chrono::milliseconds t1{500};
    std::chrono::milliseconds t2{4000};

    std::chrono::milliseconds timeout() const noexcept { return 64 * t1; } ///< timer F: 32 s
};

/// When to send the same bytes again: t1, then doubling up to t2, until an answer or the timeout.
class Retransmission {
  public:
    explicit Retransmission(Timing timing) : timing_(timing), interval_(timing.t1) {}

    void sent(base::Steady now);

    void stop() noexcept { over_ = true; }

    base::Steady last() const noexcept { return last_; }

    base::Steady end() const noexcept { return first_ + timing_.timeout(); }

    /// None once it is over.
    std::optional<base::Steady> next() const noexcept;

    int count() const noexcept { return count_; }

  private:
    Timing timing_;
    std::chrono::milliseconds interval_;
    base::Steady first_{};
    base::Steady last_{};
    int count_ = 0;
    bool over_ = false;
};

/// What a strict phone would look at in a NOTIFY. This one says so and takes it all the same: which
/// of these a real phone insists on differs between firmwares.
struct NotifyChecks {
    bool in_dialog = false; ///< Call-ID, our tag in To, the 200's tag in From
    bool event = false;     ///< ua-profile
    bool terminated = false;
    bool content_type = false; ///< application/url
    bool content_length = false;

    bool all() const noexcept {
        return in_dialog && event && terminated && content_type && content_length;
    }
};

class Subscription {
  public:
    Subscription(DialogIds ids, std::string text) : ids_(std::move(ids)), text_(std::move(text)) {}

    const std::string& text() const noexcept { return text_; }

    bool owns_answer(const Message& answer) const noexcept;
    /// Takes the tag of the first 200: it names the dialog.
    void on_ok(const Message& answer);

    bool has_ok() const noexcept { return ok_tag_.has_value(); }

    /// Whether a further 200 comes from the responder of the first one.
    bool is_same_dialog(const Message& answer) const;

    NotifyChecks check(const Message& notify);

    /// For a 200 that came behind its NOTIFY: whether their tags agree.
    bool ok_fits_notify() const noexcept { return !notify_tag_ || notify_tag_ == ok_tag_; }

  private:
    DialogIds ids_;
    std::string text_;
    std::optional<std::string> ok_tag_; ///< set by the first 200; some responders send none
    std::optional<std::string> notify_tag_;
};

/// The URL in a NOTIFY's body: its Content-Length bytes without blanks and line ends around them.
std::string_view notified_url(const Message& notify) noexcept;

} // namespace phone
