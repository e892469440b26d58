// SPDX-License-Identifier: MIT
// When which phone is asked to call: gaps, retries and how many at a time, without a socket.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/mac.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace wpi {

struct ContactMePacing {
    /// How long a phone may take to call once it answered 204 (unknown; default 60 s).
    std::chrono::seconds wait{60};
    /// A phone ignores a contact-me this soon after the one that it served: its item
    /// dls-contact-interval, 300 s unless it says otherwise.
    std::chrono::seconds gap{300};
    /// Early phones crash when they are asked more often than about once a minute.
    std::chrono::seconds least_gap{60};
    /// Added by chance, so that a fleet is not called in step.
    std::chrono::seconds spread{30};
    std::uint32_t attempts = 5; ///< in vain; then the phone's own next contact is waited for
    /// A phone in a call, of a version that does not say when it is idle (WPI guide p. 46; unknown
    /// how often; default 300 s, for a day).
    std::chrono::seconds busy_retry{300};
    std::chrono::hours busy_give_up{24};
    std::size_t parallel = 16; ///< on their way at a time
};

/// What is known of a phone from before: of its own word and of the last start of ours.
struct ContactMePast {
    base::UnixMs sent = 0; ///< the last contact-me; 0 = never
    /// Its dls-contact-interval; between least_gap and a day, whatever it says.
    std::optional<std::chrono::seconds> gap = {};
};

/// Pure: time comes from the clock, and chance from `chance`, which gives 0 to its argument. For
/// one thread.
class ContactMePlan {
  public:
    using Chance = std::function<std::uint32_t(std::uint32_t most)>;

    ContactMePlan(const base::Clock& clock, Chance chance, ContactMePacing pacing = {});

    /// A job was added for this phone: it is asked as soon as the gap allows, and again, until that
    /// is settled(). Not before `hold` has passed: it may be in a call that does it all. Who is
    /// wanted already is not put off.
    void want(base::Mac mac, ContactMePast past = {}, base::Duration hold = {});
    /// Somebody called in its name, for whatever reason: it is not waited for any more. What was to
    /// follow still does, since anybody can begin a call.
    void called(base::Mac mac);
    /// It called and is in a call; false: it has been for too long, and is not asked any more.
    bool busy(base::Mac mac, ContactMePast past = {});
    /// No job waits for it any more: nothing more goes to it, and its attempts count anew.
    void settled(base::Mac mac);

    /// Whom to ask now; each is on its way until sent() is said of it.
    std::vector<base::Mac> start();
    /// What came of one that is on its way: whether the phone answered 204.
    void sent(base::Mac mac, bool arrived);

    struct Silence {
        base::Mac mac;
        bool arrived = false; ///< 204 was answered, and it did not come
        bool is_last = false; ///< it is not asked again: its jobs wait for its own next contact

        bool operator==(const Silence&) const = default;
    };

    /// Whoever did not come, each attempt once: ask after start() and sent().
    std::vector<Silence> silences();
    /// When start() or silences() will have something next, if nothing happens before.
    std::optional<base::Steady> next() const;

    std::size_t remembered() const noexcept { return phones_.size(); }

  private:
    struct Phone {
        bool is_wanted = false;
        bool is_under_way = false;
        bool is_awaited = false; ///< 204 was answered; `until`
        bool called_meanwhile = false;
        bool is_put_off = false; ///< since it is busy: once for each attempt
        std::uint32_t attempts = 0;
        std::chrono::seconds gap{0};
        std::optional<base::Steady> last; ///< attempt
        base::Duration spread{0};         ///< of the next one
        base::Steady due{};               ///< where it is in due_
        base::Steady until{};
        std::optional<base::Steady> busy_since;
    };

    /// Whoever is wanted and neither under way nor awaited, the first due first.
    using Queue = std::set<std::pair<base::Steady, base::Mac>>;

    Phone& phone(base::Mac mac, const ContactMePast& past);
    void queue(base::Mac mac, Phone& phone, base::Duration hold = {});
    void unqueue(base::Mac mac, const Phone& phone);
    void was_silent(base::Mac mac, Phone& phone, bool arrived);
    void forget_the_old();

    const base::Clock& clock_;
    Chance chance_;
    ContactMePacing pacing_;
    std::map<base::Mac, Phone> phones_;
    Queue due_;
    Queue awaited_;
    std::size_t under_way_ = 0;
    std::vector<Silence> silences_;
    base::Steady cleaned_{};
};

} // namespace wpi
