// SPDX-License-Identifier: MIT
// What a phone that asks is told: by rules, by windows, and once it has its configuration.
#include "module/desk.hpp"

#include "tests/dialplan/shelf.hpp"
#include "tests/no_memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>
#include <set>

namespace engine {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const base::Mac alice = *base::Mac::parse("001fc1000001");

base::Ipv4 ip(const char* text) {
    return *base::Ipv4::parse(text);
}

std::optional<inventory::Pool> numbers(const char* first, const char* last) {
    return inventory::Pool{"", {{first, last}}, {}};
}

struct DeskOf : testing::Test {
    Shelf shelf;
    base::Loop loop;
    Desk::Rules rules;
    Desk::Neighbour neighbour = Desk::Neighbour::fine;
    std::optional<base::Endpoint> contact;
    bool speaks_tls = true;
    std::vector<base::Mac> again; ///< that the desk wanted to be asked about
    std::unique_ptr<Desk> desk;

    DeskOf() {
        rules.catalogue = profile::Catalogue::load("").value();
        start();
    }

    void start() {
        desk = std::make_unique<Desk>(loop, *shelf, shelf.clock,
                                      Desk::Senses{[this](const pnp::Asked&) { return neighbour; },
                                                   [this](base::Mac) { return contact; },
                                                   [this](const std::vector<base::Mac>& macs) {
                                                       again.insert(again.end(), macs.begin(),
                                                                    macs.end());
                                                   },
                                                   [this](base::Ipv4) { return speaks_tls; }});
        ASSERT_TRUE(desk->recall());
        apply_rules();
    }

    void apply_rules() { desk->rules(std::make_shared<const Desk::Rules>(rules)); }

    ApprovalRule& rule(const char* name, Action action) {
        auto& made = rules.approval_rules.emplace_back();
        made.name = name;
        made.action = action;
        return made;
    }

    static pnp::Asked asked(base::Mac mac = alice, const char* from = "10.0.0.1") {
        pnp::Asked one;
        one.mac = mac;
        one.source = {ip(from), 5060};
        one.local = ip("10.0.0.254");
        one.interface = "eth0";
        one.vendor = "Htek";
        one.model = "UC924";
        return one;
    }

    /// "silent: why", "hold: why", "offer"
    std::string told(base::Mac mac = alice, const char* from = "10.0.0.1") {
        const auto decision = desk->decide(asked(mac, from));
        static constexpr std::array<const char*, 3> words = {"silent", "hold", "offer"};
        return std::string(words.at(static_cast<std::size_t>(decision.verdict))) +
               (decision.reason.empty() ? "" : ": " + decision.reason);
    }

    /// Lets the workers do what was ordered.
    void work() {
        while (loop.step()) {
        }
    }

    std::string url(base::Mac mac = alice) {
        std::string out;
        desk->prepare(asked(mac), [&](base::Result<pnp::Offer> offer) {
            if (!offer) {
                out = "no: " + offer.error().what;
                return;
            }
            const base::Revealed text = offer->url.reveal();
            out = std::string_view(text);
        });
        work();
        return out;
    }

    const inventory::Device& device(base::Mac mac = alice) {
        now = shelf->now();
        return *now.device(mac);
    }

    bool device_is_approved(base::Mac mac) {
        now = shelf->now();
        const auto* known = now.device(mac);
        return known != nullptr && known->is_approved();
    }

    std::vector<std::string> audit() {
        std::vector<std::string> out;
        const auto lines = shelf->audit(1000).value();
        out.reserve(lines.size());
        for (const auto& line : lines) {
            out.push_back(line.actor + ": " + line.what);
        }
        return out;
    }

    inventory::Snapshot now;
};

/// The Nth phone of a maker.
base::Mac phone(std::uint64_t n) {
    return base::Mac::from_number(0x001fc1000000 + n);
}

/// A phone that was just approved.
struct UrlOf : DeskOf {
    UrlOf() {
        shelf.has_extension("201");
        shelf.apply({inventory::Assign{alice, {"201"}}});
    }

    /// The URL opens the phone's files.
    bool is_good(const std::string& url) {
        const std::string text = url.substr(0, url.size() - 1);
        return shelf->now().credential(text.substr(text.rfind('/') + 1)).has_value();
    }
};

TEST_F(UrlOf, APhoneIsGoodForItHoweverOftenSomeoneForgesItsQuestions) {
    const auto own = url();
    ASSERT_TRUE(is_good(own)) << own;
    for (int i = 0; i < 50; ++i) {
        url();
    }
    EXPECT_TRUE(is_good(own));
    shelf.clock.advance(61s);
    EXPECT_NE(url(), own) << "the phone was restarted since";
    EXPECT_TRUE(is_good(own));
}

TEST_F(UrlOf, APhoneThatIsConfiguredDoesNotChangeTheVersionThatItSaidItself) {
    auto forged = asked();
    forged.version = "01.000";
    desk->decide(forged);
    EXPECT_EQ(device().seen.version, "01.000") << "there is nothing better yet";
    const auto token = shelf->steady_token(device());
    ASSERT_TRUE(shelf->steady_used(alice, shelf->now().credential(token)->generation));
    forged.version = "99.0";
    forged.model = "UC926";
    desk->decide(forged);
    EXPECT_EQ(device().seen.version, "01.000");
    EXPECT_EQ(device().seen.model, "UC924");
}

TEST_F(UrlOf, APhoneIsTheSameForAllThatIsAskedInItsNameAtOnce) {
    std::vector<std::string> all;
    const auto ask = [&] {
        desk->prepare(asked(), [&](base::Result<pnp::Offer> offer) {
            ASSERT_TRUE(offer);
            const base::Revealed text = offer->url.reveal();
            all.emplace_back(std::string_view(text));
        });
    };
    for (int i = 0; i < 20; ++i) {
        ask();
    }
    work();
    ASSERT_EQ(all.size(), 20U);
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 1U);
    EXPECT_TRUE(is_good(all.front()));
    ask();
    EXPECT_EQ(all.back(), all.front());
    desk->prepare(asked(alice, "10.0.0.2"), [&](base::Result<pnp::Offer> offer) {
        const base::Revealed text = offer->url.reveal();
        EXPECT_NE(std::string_view(text), all.front()) << "whoever asks elsewhere is somebody else";
    });
    work();
}

TEST_F(UrlOf, AMomentWithoutMemoryLeavesNoPhoneWithoutOne) {
    const auto wants = asked();
    bool was_met = true;
    for (int others = 0; was_met; ++others) {
        shelf.clock.advance(61s); // another than before
        {
            const NoMemoryAfter moment(others);
            try {
                desk->prepare(wants, [](const base::Result<pnp::Offer>& /*offer*/) {});
            } catch (const std::bad_alloc&) { // it asks again
            }
            work();
            was_met = moment.was_met();
        }
        desk->tick();
        work();
        ASSERT_FALSE(desk->is_minting()) << others;
        ASSERT_TRUE(is_good(url())) << others;
    }
}

TEST_F(UrlOf, WithoutMemoryForATokenThePhoneGetsAnotherNoSoonerThanWithTheNextSecond) {
    bool was_met = true;
    for (int others = 0; was_met; ++others) {
        shelf.clock.advance(24h); // of those before none is left
        {
            const NoMemoryAfter moment(others);
            try {
                desk->prepare(asked(), [](const base::Result<pnp::Offer>& /*offer*/) {});
            } catch (const std::bad_alloc&) { // it asks again
            }
            work();
            was_met = moment.was_met();
        }
        const auto tokens = shelf->now().first_tokens(shelf.clock.unix_ms());
        ASSERT_LE(tokens.count(alice) != 0 ? tokens.at(alice) : 0U, 1U) << others;
        desk->tick();
        work();
        ASSERT_TRUE(is_good(url())) << others;
    }
}

struct RulesOf : DeskOf {};

TEST_F(DeskOf, PhonesAreNotSentToHttpsBeforeItListens) {
    ASSERT_TRUE(shelf->apply({inventory::AddExtension{{"201", "Anna", base::Secret("x")}},
                              inventory::Assign{alice, {"201"}}},
                             "test"));
    rules.ports = {5480, 5481};
    speaks_tls = false;
    apply_rules();
    EXPECT_EQ(told(), "offer") << "by http";
    rules.rules.emplace_back().scheme = "https";
    apply_rules();
    EXPECT_THAT(told(), StartsWith("hold: HTTPS is not ready yet: nobody listens at "
                                   "10.0.0.254:5481"));
    speaks_tls = true;
    EXPECT_EQ(told(), "offer");
    EXPECT_THAT(url(), StartsWith("https://10.0.0.254:5481/"));
    speaks_tls = false;
    rules.rules.back().offer_url = base::Secret("https://elsewhere.example/");
    apply_rules();
    EXPECT_EQ(told(), "offer") << "another server has its files";
}

TEST_F(RulesOf, NobodyLeaveAPhoneWaiting) {
    EXPECT_EQ(told(), "hold: not approved: assign an extension to it");
    rules.unknown_phone = UnknownPhone::silent;
    apply_rules();
    EXPECT_THAT(told(), StartsWith("silent: not approved"));
}

TEST_F(RulesOf, ApprovalHoldThePhoneUntilItIsOnDisk) {
    rule("lobby", Action::approve);
    apply_rules();
    EXPECT_EQ(told(), "hold: rule lobby approves it");
    EXPECT_FALSE(device().is_approved());
    EXPECT_EQ(told(), "hold: rule lobby approves it"); // and is ordered once
    work();
    EXPECT_TRUE(device().is_approved());
    EXPECT_THAT(audit(), testing::ElementsAre("rule lobby: approve 001fc1000001"));
    EXPECT_EQ(told(), "hold: approved, but it has no extension: assign one");
}

TEST_F(RulesOf, BlockAnswerNothingAndWriteNothing) {
    rule("out", Action::block);
    apply_rules();
    EXPECT_EQ(told(), "silent: rule out blocks it");
    work();
    EXPECT_EQ(device().approval, inventory::Approval::pending);
    EXPECT_THAT(audit(), testing::IsEmpty());
}

TEST_F(RulesOf, HoldSayWhichOneItWas) {
    rule("wait", Action::hold);
    apply_rules();
    EXPECT_EQ(told(), "hold: rule wait holds it: assign an extension to it");
}

TEST_F(RulesOf, OneKindDoNotTouchWhatAPersonDecided) {
    rule("lobby", Action::approve);
    apply_rules();
    shelf.apply({inventory::Block{alice}});
    EXPECT_EQ(told(), "silent: blocked");
    work();
    EXPECT_EQ(device().approval, inventory::Approval::blocked);
}

TEST_F(RulesOf, ApprovalDoNotOvertakeAPersonWhoBlocksMeanwhile) {
    rule("lobby", Action::approve);
    apply_rules();
    told();
    shelf.apply({inventory::Block{alice}});
    work();
    EXPECT_EQ(device().approval, inventory::Approval::blocked);
    EXPECT_EQ(desk->approved_by("lobby"), 0U);
}

TEST_F(RulesOf, ApprovalEndAtTheirMostHoweverManyStrangersAsk) {
    rule("lobby", Action::approve).most = 3;
    apply_rules();
    for (std::uint64_t n = 1; n <= 50; ++n) {
        told(phone(n));
        if (n % 7 == 0) {
            work();
        }
    }
    work();
    EXPECT_EQ(audit().size(), 3U);
    EXPECT_EQ(desk->approved_by("lobby"), 3U);
    EXPECT_EQ(told(phone(50)), "hold: rule lobby has approved 3 phones, its most: assign an "
                               "extension to this one yourself, or raise `most`");
    // A restart forgets none of them.
    start();
    EXPECT_EQ(desk->approved_by("lobby"), 3U);
    EXPECT_THAT(told(phone(51)), HasSubstr("its most"));
}

TEST_F(RulesOf, ApprovalWantThatTheNetworkShowsTheMac) {
    rule("lobby", Action::approve);
    apply_rules();
    neighbour = Desk::Neighbour::other;
    EXPECT_EQ(told(), "hold: rule lobby does not approve it: another MAC answers at 10.0.0.1; look "
                      "who that is, then assign an extension to it yourself");
    work();
    EXPECT_FALSE(device().is_approved());
}

TEST_F(RulesOf, ApprovalWaitForTheNeighbourTableButNotForEver) {
    rule("lobby", Action::approve);
    apply_rules();
    neighbour = Desk::Neighbour::unknown;
    EXPECT_EQ(told(), "hold: rule lobby approves it once the network shows that its MAC is at "
                      "10.0.0.1");
    desk->look_again();
    EXPECT_THAT(again, testing::Contains(alice));
    shelf.clock.advance(3s);
    EXPECT_THAT(told(), HasSubstr("nobody answers for 10.0.0.1"));
    again.clear();
    desk->look_again();
    EXPECT_THAT(again, testing::IsEmpty());
    EXPECT_THAT(told(), HasSubstr("once the network shows")); // it asked once more
    neighbour = Desk::Neighbour::fine;
    EXPECT_EQ(told(), "hold: rule lobby approves it");
    work();
    EXPECT_TRUE(device().is_approved());
}

TEST_F(RulesOf, ANewOneConcernsThePhonesThatWaitAlready) {
    told();
    EXPECT_THAT(desk->all_undecided(), testing::ElementsAre(alice));
    shelf.apply({inventory::Block{alice}});
    EXPECT_THAT(desk->all_undecided(), testing::IsEmpty());
}

TEST_F(RulesOf, AssignmentGiveEachOfManyPhonesItsOwnNumber) {
    for (int number = 200; number < 500; ++number) {
        shelf.has_extension(std::to_string(number));
    }
    rule("lobby", Action::assign).pool = numbers("200", "499");
    apply_rules();
    for (std::uint64_t n = 1; n <= 300; ++n) {
        EXPECT_EQ(told(phone(n)), "hold: rule lobby gives it the next free number of 200-499");
    }
    work();
    std::set<std::string> numbers;
    for (std::uint64_t n = 1; n <= 300; ++n) {
        ASSERT_EQ(device(phone(n)).lines.size(), 1U) << n;
        numbers.insert(device(phone(n)).lines.front());
        EXPECT_EQ(told(phone(n)), "offer");
    }
    EXPECT_EQ(numbers.size(), 300U);
    EXPECT_EQ(desk->approved_by("lobby"), 300U);
}

TEST_F(RulesOf, AssignmentWithNoNumberLeftSayWhatToDoAndServeTheOthers) {
    shelf.has_extension("200");
    rule("lobby", Action::assign).pool = numbers("200", "299");
    apply_rules();
    told(phone(1));
    told(phone(2));
    told(phone(3));
    work();
    EXPECT_EQ(told(phone(1)), "offer");
    EXPECT_THAT(again, testing::UnorderedElementsAre(phone(2), phone(3)));
    EXPECT_THAT(
        told(phone(2)),
        StartsWith("hold: rule lobby cannot approve it: none of 200-299 is free; add extensions"));
    EXPECT_EQ(desk->approved_by("lobby"), 1U);
}

TEST_F(RulesOf, AssignmentAreTriedAgainWhenSomethingWasDecidedAndNotEachSecond) {
    rule("lobby", Action::assign).pool = numbers("200", "299");
    apply_rules();
    told();
    work();
    again.clear();
    shelf.clock.advance(29s);
    EXPECT_THAT(told(), HasSubstr("none of 200-299 is free"));
    work();
    EXPECT_THAT(again, testing::IsEmpty()) << "it was tried";
    shelf.has_extension("200");
    EXPECT_THAT(desk->concerned({}), testing::ElementsAre(alice));
    EXPECT_EQ(told(), "hold: rule lobby gives it the next free number of 200-299");
    work();
    EXPECT_EQ(told(), "offer");
}

TEST_F(RulesOf, ANumberInQuarantineIsGivenToNoOther) {
    shelf.has_extension("200");
    auto pool = numbers("200", "299");
    pool->name = "lobby";
    pool->quarantine = 7 * 24h;
    rule("lobby", Action::assign).pool = pool;
    apply_rules();
    EXPECT_EQ(told(phone(1)), "hold: rule lobby gives it the next free number of lobby (200-299)");
    work();
    shelf.apply({inventory::Unassign{phone(1)}});
    told(phone(2));
    work();
    EXPECT_THAT(told(phone(2)), HasSubstr("0 of these numbers are on phones, 1 in quarantine"));
    shelf.clock.advance(7 * 24h);
    told(phone(2));
    work();
    EXPECT_THAT(device(phone(2)).lines, testing::ElementsAre("200"));
}

TEST_F(RulesOf, AFailureIsTriedAgainAfterAWhile) {
    rule("lobby", Action::assign).pool = numbers("200", "299");
    apply_rules();
    told();
    work();
    EXPECT_THAT(told(), HasSubstr("none of 200-299 is free")); // it waits
    again.clear();
    shelf.clock.advance(29s);
    desk->tick();
    EXPECT_THAT(again, testing::IsEmpty());
    shelf.has_extension("200");
    shelf.clock.advance(1s);
    desk->tick();
    EXPECT_THAT(again, ElementsAre(alice)) << "though nobody asked or decided";
    EXPECT_THAT(told(), HasSubstr("none of 200-299 is free")) << "until it is done";
    work();
    EXPECT_EQ(told(), "offer");
}

TEST_F(RulesOf, ApproveAPhoneThoughThereWasNoMemoryForAMoment) {
    rule("lobby", Action::approve).most = 10'000;
    apply_rules();
    bool was_met = true;
    std::uint64_t phones = 0;
    while (was_met) {
        const auto mac = phone(++phones);
        {
            const NoMemoryAfter moment(static_cast<int>(phones) - 1);
            try {
                desk->decide(asked(mac));
            } catch (const std::bad_alloc&) { // it asks again
            }
            was_met = moment.was_met();
        }
        work();
        for (int minute = 0; minute < 2 && !device_is_approved(mac); ++minute) {
            shelf.clock.advance(60s);
            desk->tick();
            told(mac);
            work();
        }
        ASSERT_TRUE(device_is_approved(mac)) << "at allocation " << phones;
    }
    EXPECT_GT(phones, 10U);
    EXPECT_EQ(desk->approved_by("lobby"), phones);
}

TEST_F(RulesOf, ApproveNoMoreThanTheirMostThoughMemoryEndsBehindACommit) {
    rule("lobby", Action::approve).most = 3;
    apply_rules();
    shelf->on_change([](const std::vector<base::Mac>& /*macs*/) { throw std::bad_alloc(); });
    told(phone(1));
    work();
    told(phone(2)); // and two in one commit
    told(phone(3));
    work();
    EXPECT_TRUE(device_is_approved(phone(1)));
    EXPECT_TRUE(device_is_approved(phone(2)));
    EXPECT_TRUE(device_is_approved(phone(3)));
    EXPECT_EQ(desk->approved_by("lobby"), 3U);
    EXPECT_THAT(told(phone(4)), HasSubstr("has approved 3 phones, its most"));
}

struct GuestsOf : DeskOf {};

TEST_F(GuestsOf, UnknownPhonesAreSentWhereNoTokenIsNeeded) {
    rules.unknown_phone = UnknownPhone::guest;
    apply_rules();
    EXPECT_EQ(told(), "offer");
    EXPECT_EQ(url(), "http://10.0.0.254:5480/boot/htek/");
    EXPECT_TRUE(desk->may_be_guest(device()));
    EXPECT_FALSE(device().is_approved());
    EXPECT_THAT(audit(), testing::IsEmpty());
}

TEST_F(GuestsOf, ARuleAreSentThereThoughOthersWait) {
    rule("lobby", Action::guest).network = base::Network::parse("10.0.0.0/24");
    apply_rules();
    EXPECT_EQ(told(), "offer");
    EXPECT_TRUE(desk->may_be_guest(device()));
    EXPECT_THAT(told(phone(2), "10.0.1.1"), StartsWith("hold: not approved"));
    EXPECT_FALSE(desk->may_be_guest(device(phone(2))));
}

TEST_F(GuestsOf, ThoseWhomARuleHoldsOrBlocksAreNone) {
    rules.unknown_phone = UnknownPhone::guest;
    rule("not", Action::hold).network = base::Network::parse("10.0.0.0/24");
    rule("out", Action::block).network = base::Network::parse("10.0.1.0/24");
    apply_rules();
    EXPECT_THAT(told(), StartsWith("hold: rule not holds it"));
    EXPECT_FALSE(desk->may_be_guest(device()));
    EXPECT_THAT(told(phone(2), "10.0.1.1"), StartsWith("silent: rule out blocks it"));
    EXPECT_FALSE(desk->may_be_guest(device(phone(2))));
}

TEST_F(GuestsOf, ThoseWhomSomebodyDecidedUponAreNone) {
    rules.unknown_phone = UnknownPhone::guest;
    apply_rules();
    told();
    shelf.has_extension("201");
    shelf.apply({inventory::Assign{alice, {"201"}}});
    EXPECT_FALSE(desk->may_be_guest(device()));
    EXPECT_THAT(url(), HasSubstr("/p/"));
    shelf.apply({inventory::Block{alice}});
    EXPECT_FALSE(desk->may_be_guest(device()));
    EXPECT_EQ(told(), "silent: blocked");
}

TEST_F(GuestsOf, WhomSomebodyCanClaimAreGivenAnAccountOfTheirOwn) {
    rules.unknown_phone = UnknownPhone::guest;
    rules.claims.claim = "*77";
    apply_rules();
    EXPECT_EQ(told(), "hold: it is made a guest");
    work();
    EXPECT_EQ(told(), "offer");
    EXPECT_TRUE(device().is_approved());
    EXPECT_THAT(device().lines, ElementsAre("guest001fc1000001"));
    EXPECT_THAT(url(), HasSubstr("/p/"));
    EXPECT_THAT(audit(), ElementsAre("unknown_phone: make a guest of 001fc1000001"));
}

struct WindowsOf : DeskOf {
    void open(inventory::Enrolment window) {
        if (window.until == 0) {
            window.until = shelf.clock.unix_ms() + 60'000;
        }
        shelf.apply({inventory::OpenEnrolment{std::move(window)}});
    }
};

TEST_F(WindowsOf, EnrolmentApprovePhonesUntilTheirEnd) {
    open({});
    EXPECT_EQ(told(), "hold: the open enrolment window approves it");
    work();
    EXPECT_TRUE(device().is_approved());
    EXPECT_THAT(audit(), testing::Contains("enrolment: approve 001fc1000001"));
    shelf.clock.advance(60s);
    EXPECT_EQ(told(phone(2)), "hold: not approved: assign an extension to it");
}

TEST_F(WindowsOf, EnrolmentActByTheirRule) {
    shelf.has_extension("207");
    auto& desk_rule = rule("desk", Action::assign);
    desk_rule.pool = numbers("200", "299");
    desk_rule.only_enrolment = true;
    apply_rules();
    EXPECT_EQ(told(), "hold: not approved: assign an extension to it");
    inventory::Enrolment window;
    window.rule = "desk";
    open(window);
    told();
    work();
    EXPECT_THAT(device().lines, testing::ElementsAre("207"));
}

TEST_F(WindowsOf, EnrolmentConcernThePhonesThatWaitAlready) {
    told();
    EXPECT_THAT(desk->concerned({}), testing::IsEmpty());
    open({});
    EXPECT_THAT(desk->concerned({}), testing::ElementsAre(alice));
    EXPECT_THAT(desk->concerned({}), testing::IsEmpty());
    shelf.apply({inventory::CloseEnrolments{}});
    EXPECT_THAT(desk->concerned({}), testing::ElementsAre(alice));
}

TEST_F(WindowsOf, EnrolmentWithoutARuleHaveAnEndAsWell) {
    open({});
    for (std::uint64_t n = 1; n <= 310; ++n) {
        told(phone(n));
    }
    work();
    EXPECT_THAT(told(phone(310)), HasSubstr("the enrolment window has approved 300 phones"));
}

/// A phone that has its configuration.
struct Again : DeskOf {
    Again() {
        shelf.has_extension("201");
        shelf.apply({inventory::Assign{alice, {"201"}}});
        told();
        used_from("10.0.0.1");
    }

    void used_from(const char* address) {
        shelf->used(alice, ip(address));
        ASSERT_TRUE(shelf->steady_used(alice, 1));
    }

    void set(Reoffer reoffer) {
        rules.reoffer = reoffer;
        apply_rules();
    }

    void expect_alice() {
        inventory::Enrolment window;
        window.until = shelf.clock.unix_ms() + 60'000;
        window.mac = alice;
        shelf.apply({inventory::OpenEnrolment{window}});
    }

    std::vector<std::string> steps() {
        std::vector<std::string> out;
        const auto timeline = shelf->timeline(alice).value();
        out.reserve(timeline.size());
        for (const auto& event : timeline) {
            out.push_back(std::string(name(event.step)) + ": " + event.detail);
        }
        return out;
    }
};

TEST_F(Again, AtItsAddressItIsOfferedAsOftenAsItAsks) {
    contact = base::Endpoint{ip("10.0.0.1"), 5060};
    EXPECT_EQ(told(), "offer");
    EXPECT_EQ(told(), "offer");
}

TEST_F(Again, AtAnotherAddressWhileItsUrlWasJustUsedTwoPhonesClaimIt) {
    shelf.clock.advance(9min);
    const auto found_out = told(alice, "10.0.0.66");
    EXPECT_EQ(found_out, "hold: two phones claim this MAC: look which of them is yours, then `pnp "
                         "approve 001fc1000001`");
    work();
    EXPECT_EQ(device().claim, inventory::Claim::contested);
    EXPECT_THAT(steps(), testing::Contains(
                             "claim_refused: 10.0.0.66 asks, but 10.0.0.1 used its URL 540 s ago"));
    // From now on for both, until somebody has looked: nothing new for a timeline.
    EXPECT_EQ(told(alice, "10.0.0.66"), found_out);
    EXPECT_EQ(told(), found_out);
    shelf.clock.advance(24h);
    EXPECT_EQ(told(), found_out);
}

TEST_F(Again, AtAnotherAddressWhileItIsRegisteredTwoPhonesClaimIt) {
    shelf.clock.advance(24h);
    contact = base::Endpoint{ip("10.0.0.1"), 5060};
    EXPECT_THAT(told(alice, "10.0.0.66"), StartsWith("hold: two phones claim this MAC"));
    work();
    EXPECT_EQ(device().claim, inventory::Claim::contested);
    EXPECT_THAT(steps(), testing::Contains(
                             "claim_refused: 10.0.0.66 asks, but 10.0.0.1 is registered as it"));
}

TEST_F(Again, AtAnotherAddressAfterAQuietTimeItHasMoved) {
    shelf.clock.advance(10min);
    EXPECT_EQ(told(alice, "10.0.0.2"), "offer");
}

TEST_F(Again, AMacThatIsNotThereContestsNothing) {
    neighbour = Desk::Neighbour::other;
    EXPECT_THAT(told(alice, "10.0.0.66"), StartsWith("hold: another MAC answers at 10.0.0.66"));
    work();
    EXPECT_EQ(device().claim, inventory::Claim::settled);
}

TEST_F(Again, ApprovedOnceMoreItIsOfferedUntilItUsedItsUrl) {
    told(alice, "10.0.0.66");
    work();
    shelf.apply({inventory::Approve{alice}});
    EXPECT_EQ(told(alice, "10.0.0.66"), "offer");
    EXPECT_EQ(told(alice, "10.0.0.66"), "offer");
    used_from("10.0.0.66");
    EXPECT_THAT(told(alice, "10.0.0.1"), HasSubstr("two phones claim"));
}

TEST_F(Again, WithAskSomebodyHasToApproveIt) {
    set(Reoffer::ask);
    EXPECT_EQ(told(), "hold: it has its configuration, and reoffer = ask: `pnp approve "
                      "001fc1000001` lets it have a new URL");
    shelf.apply({inventory::Approve{alice}});
    EXPECT_EQ(told(), "offer");
}

TEST_F(Again, WithNeverOnlyAWindowForItsMacHelps) {
    set(Reoffer::never);
    EXPECT_THAT(told(), StartsWith("hold: it has its configuration, and reoffer = never"));
    shelf.apply({inventory::Approve{alice}});
    EXPECT_THAT(told(), StartsWith("hold: it has its configuration, and reoffer = never"));
    expect_alice();
    EXPECT_EQ(told(), "offer");
}

TEST_F(Again, AWindowForItsMacIsAnOrderWhateverTheOptionSays) {
    told(alice, "10.0.0.66");
    work();
    expect_alice();
    EXPECT_EQ(told(alice, "10.0.0.66"), "offer");
}

TEST_F(Again, OneThatGoesOnAskingIsConfiguredThoughItNeverUsedItsSteadyUrl) {
    shelf.apply({inventory::Assign{phone(2), {"201"}}});
    told(phone(2), "10.0.0.2");
    shelf->reached(phone(2), inventory::Stage::configured);
    contact = base::Endpoint{ip("10.0.0.2"), 5060};
    EXPECT_EQ(told(phone(2), "10.0.0.2"), "offer");
    EXPECT_THAT(told(phone(2), "10.0.0.66"), HasSubstr("two phones claim this MAC"));
    set(Reoffer::ask);
    shelf.apply({inventory::Assign{phone(3), {"201"}}});
    told(phone(3));
    shelf->reached(phone(3), inventory::Stage::configured);
    EXPECT_THAT(told(phone(3)), HasSubstr("reoffer = ask"));
}

TEST_F(Again, APhoneThatMovesAfterTheClockWasSetBackIsOfferedItsUrl) {
    shelf.clock.advance(24h);
    used_from("10.0.0.1");
    shelf.clock.advance(24h * -365);
    EXPECT_EQ(told(alice, "10.0.0.2"), "offer");
    work();
    EXPECT_EQ(device().claim, inventory::Claim::settled);
}

TEST_F(Again, APhoneThatNeverUsedItsUrlMayAskFromAnywhere) {
    shelf.apply({inventory::Assign{phone(2), {"201"}}});
    set(Reoffer::never);
    EXPECT_EQ(told(phone(2), "10.0.0.2"), "offer");
    EXPECT_EQ(told(phone(2), "10.0.0.3"), "offer");
}

} // namespace
} // namespace engine
