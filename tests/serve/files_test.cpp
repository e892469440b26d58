// SPDX-License-Identifier: MIT
// Who gets which file, with a real inventory and the shipped profiles, and what the timeline says.
#include "client.hpp"
#include "door.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <sys/resource.h>

namespace {

using namespace serve_test; // NOLINT(google-build-using-namespace): the fixture's words
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::SizeIs;
using testing::StartsWith;

using FilesTest = Door;

TEST_F(FilesTest, GivesThePhoneItsFileByAFirstToken) {
    store->reached(phone, Stage::offered);
    const auto response = get(first_token());
    ASSERT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "application/xml");
    EXPECT_THAT(*response.body, HasSubstr("S3cret-of-201"));
    EXPECT_THAT(*response.body, HasSubstr("10.0.0.1:5480/p/" + steady_token()));
    EXPECT_THAT(steps(), ElementsAre("file_served: " + own_file + " by first token"));
    EXPECT_EQ(stage(), Stage::configured);
    EXPECT_EQ(files->counters().served, 1U);
}

TEST_F(FilesTest, TellsThePhoneByAValidTokenInItsUrlOrLogin) {
    const auto first = first_token();
    EXPECT_EQ(files->phone_of(request(first, own_file)), phone);
    EXPECT_EQ(files->phone_of(request(steady_token(), "anything")), phone);
    auto by_login = request("", own_file);
    by_login.path = "/" + own_file;
    EXPECT_FALSE(files->phone_of(by_login));
    by_login.authorization = serve_test::login(phone, steady_token());
    EXPECT_EQ(files->phone_of(by_login), phone);
    EXPECT_FALSE(files->phone_of(request(std::string(22, 'A'), own_file)));
    auto elsewhere = request(steady_token(), own_file);
    elsewhere.peer.address.value += 1;
    EXPECT_FALSE(files->phone_of(elsewhere)) << "it opens nothing there";
    clock.advance(std::chrono::hours(24));
    EXPECT_FALSE(files->phone_of(request(first, own_file))) << "it has expired";
    apply({inventory::Block{phone}});
    EXPECT_FALSE(files->phone_of(by_login));
    EXPECT_TRUE(steps().empty()) << "nothing was asked for";
}

TEST_F(FilesTest, HasAtHandWhatItMadeBefore) {
    const auto asked = request(steady_token(), own_file);
    EXPECT_FALSE(files->at_hand(asked)) << "it was not made yet";
    EXPECT_TRUE(steps().empty()) << "and nothing was done";
    const auto made = get(steady_token());
    const auto kept = files->at_hand(asked);
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->status, 200);
    EXPECT_EQ(*kept->body, *made.body);
    EXPECT_EQ(kept->content_type, made.content_type);
    EXPECT_EQ(kept->fields, made.fields);
    EXPECT_THAT(kept->fields, ElementsAre(Pair("ETag", serve::entity_tag(*made.body))));
    EXPECT_EQ(files->counters().served, 2U);
    EXPECT_EQ(store->timeline(phone)->back().count, 2U) << "none is lost";
}

TEST_F(FilesTest, HasNothingAtHandForWhoeverIsNotThatPhone) {
    const auto token = steady_token();
    get(token);
    ASSERT_TRUE(files->at_hand(request(token, own_file)));
    EXPECT_FALSE(files->at_hand(request(std::string(22, 'A'), own_file)));
    EXPECT_FALSE(files->at_hand(request(token, "cfg001fc1000002.xml")));
    EXPECT_FALSE(files->at_hand(request(token, "cfg0000.xml"))) << "which is not served";
    auto elsewhere = request(token, own_file);
    elsewhere.peer.address.value += 1;
    EXPECT_FALSE(files->at_hand(elsewhere));
    auto head = request(token, own_file);
    head.method = "HEAD";
    EXPECT_FALSE(files->at_hand(head));
    neighbours[phone_address] = other;
    with.gate.neighbour_check = base::NeighbourCheck::log;
    files->settings(with);
    EXPECT_FALSE(files->at_hand(request(token, own_file))) << "of which its timeline tells";
    neighbours[phone_address] = phone;
    EXPECT_TRUE(files->at_hand(request(token, own_file)));
    apply({inventory::Block{phone}});
    EXPECT_FALSE(files->at_hand(request(token, own_file)));
}

TEST_F(FilesTest, HasNothingAtHandWhereItHasToLookFurther) {
    const auto token = steady_token();
    const auto has = [&](const serve::FileSettings& settings) {
        files->settings(settings);
        EXPECT_EQ(get(token).status, 200);
        return files->at_hand(request(token, own_file)).has_value();
    };
    EXPECT_TRUE(has(with));
    auto other_settings = with;
    other_settings.firmware.emplace_back().vendor = "panasonic";
    EXPECT_FALSE(has(other_settings)) << "for firmware";
    other_settings = with;
    other_settings.rules.emplace_back().digit_map = "from-pbx";
    EXPECT_FALSE(has(other_settings)) << "into the dial plan";
    EXPECT_TRUE(has(with));
}

TEST_F(FilesTest, HasNothingAtHandOnceSomethingChanged) {
    const auto token = steady_token();
    get(token);
    const auto first = first_token();
    EXPECT_FALSE(files->at_hand(request(token, own_file))) << "its use is to be kept on disk";
    EXPECT_FALSE(files->at_hand(request(first, own_file)));
    get(token);
    EXPECT_TRUE(files->at_hand(request(token, own_file)));
    apply({inventory::Assign{phone, {"202"}}});
    EXPECT_FALSE(files->at_hand(request(token, own_file))) << "it has another line";
    get(token);
    EXPECT_THAT(*files->at_hand(request(token, own_file))->body, HasSubstr("S3cret-of-202"));
    apply({inventory::Rotate{phone}});
    EXPECT_FALSE(files->at_hand(request(token, own_file))) << "the file has another token";
}

TEST_F(FilesTest, LearnsFromTheRequestWhatThePhoneIs) {
    get(first_token());
    const auto snapshot = store->now();
    const auto& seen = snapshot.device(phone)->seen;
    EXPECT_EQ(seen.address, phone_address);
    EXPECT_EQ(seen.model, "UC926");
    EXPECT_EQ(seen.version, "2.0.4.2");
    EXPECT_EQ(seen.user_agent, agent);
}

TEST_F(FilesTest, AnswersTheOtherNamesOfTheChainWithNotFound) {
    const auto token = first_token();
    for (const std::string name :
         {"factory0000.xml", "cfg0010.xml", "001fc1000001.cfg", "cfg001fc1000001"}) {
        expect_the_404(get(token, name));
    }
    const auto told = steps();
    ASSERT_THAT(told, SizeIs(4));
    EXPECT_THAT(told, Each(StartsWith("file_missing: ")));
    EXPECT_THAT(told[2], HasSubstr("001fc1000001.cfg: not served, because"));
    EXPECT_EQ(files->counters().missing, 4U);
    EXPECT_EQ(get(token).status, 200) << "they are no mistakes and spend nothing";
}

TEST_F(FilesTest, CallsThePhoneConfiguredOnceItUsesItsSteadyUrl) {
    const auto first = first_token();
    ASSERT_EQ(get(first).status, 200);
    ASSERT_EQ(get(steady_token()).status, 200);
    EXPECT_EQ(stage(), Stage::configured);
    EXPECT_THAT(steps(), ElementsAre("file_served: " + own_file + " by first token",
                                     "configured: asked with its steady URL"));
    expect_the_404(get(first));
    EXPECT_EQ(get(steady_token()).status, 200);
}

TEST_F(FilesTest, EndsTheFirstTokensWithTheAnswerAndAgainAfterANewOffer) {
    for (int i = 0; i < 2; ++i) {
        const auto first = first_token();
        ASSERT_EQ(get(first).status, 200);
        ASSERT_EQ(get(steady_token()).status, 200);
        expect_the_404(get(first));
        EXPECT_THAT(steps().back(), HasSubstr("token_refused: a token that is spent, expired or "));
    }
}

/// A Panasonic phone has three files, and its lines stand in the last one.
class ThreeFilesTest : public Door {
  protected:
    ThreeFilesTest() {
        apply({inventory::AddExtension{{"401", "Joe", base::Secret("Xy1")}},
               inventory::AddExtension{{"402", "Jim", base::Secret("no \"quotes\"")}},
               inventory::Assign{kx, {"401"}}});
        neighbours[phone_address] = kx;
        store->reached(kx, Stage::offered);
    }

    int ask(const std::string& name) {
        auto made = request(steady_token(kx), name);
        made.user_agent = "Panasonic_KX-UT670/01.070 (0080f0123456)";
        return files->answer(made).status;
    }

    const Mac kx = *Mac::parse("0080f0123456");
    const std::string own = "Config0080f0123456.cfg";
};

TEST_F(ThreeFilesTest, APhoneIsConfiguredOnceItHasTheFileWithItsLines) {
    EXPECT_EQ(ask("ConfigCommon.cfg"), 200);
    EXPECT_EQ(ask("KX-UT670.cfg"), 200);
    EXPECT_EQ(stage(kx), Stage::fetching);
    EXPECT_THAT(steps(kx), ElementsAre("file_served: ConfigCommon.cfg by its steady URL"));
    EXPECT_EQ(ask(own), 200);
    EXPECT_EQ(stage(kx), Stage::configured);
    EXPECT_EQ(ask("ConfigCommon.cfg"), 200);
    EXPECT_THAT(steps(kx), ElementsAre("file_served: ConfigCommon.cfg by its steady URL",
                                       "configured: asked with its steady URL"));
}

TEST_F(ThreeFilesTest, APhoneWhoseOwnFileCannotBeMadeIsNotConfigured) {
    apply({inventory::Assign{kx, {"402"}}});
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(ask("ConfigCommon.cfg"), 200);
        EXPECT_EQ(ask("KX-UT670.cfg"), 200);
        EXPECT_EQ(ask(own), 404);
        EXPECT_EQ(stage(kx), Stage::fetching);
    }
    EXPECT_THAT(steps(kx), ElementsAre("file_served: ConfigCommon.cfg by its steady URL",
                                       StartsWith("file_refused: " + own + " cannot be made: ")))
        << "and its attempts push nothing out of its timeline";
    apply({inventory::Assign{kx, {"401"}}});
    EXPECT_EQ(ask(own), 200);
    EXPECT_EQ(stage(kx), Stage::configured);
    apply({inventory::Assign{kx, {"402"}}});
    EXPECT_EQ(ask(own), 404);
    EXPECT_EQ(stage(kx), Stage::fetching);
    store->reached(kx, Stage::registered);
    EXPECT_EQ(ask(own), 404);
    EXPECT_EQ(stage(kx), Stage::registered) << "as the PBX says";
}

TEST_F(ThreeFilesTest, TheFirstFileByANewUrlEndsTheOldOne) {
    const auto old = steady_token(kx);
    ASSERT_EQ(ask(own), 200);
    apply({inventory::Rotate{kx}});
    ASSERT_EQ(ask("ConfigCommon.cfg"), 200);
    expect_the_404(get(old, own));
}

TEST_F(FilesTest, RemembersOverARestartWhatAnAnsweredPhoneUsed) {
    const auto first = first_token();
    ASSERT_EQ(get(steady_token()).status, 200);
    store.reset(); // without flush(): what was answered is on disk already
    auto again = inventory::Inventory::open(folder + "/pnp.sqlite3", {}, clock);
    ASSERT_TRUE(again) << again.error().what;
    store = std::move(*again);
    EXPECT_FALSE(store->now().credential(first));
    EXPECT_EQ(store->now().device(phone)->confirmed, 1U);
}

TEST_F(FilesTest, ServesTheOldUrlUntilTheNewOneWasUsed) {
    const auto old = steady_token();
    ASSERT_EQ(get(old).status, 200);
    apply({inventory::Rotate{phone}});
    const auto fresh = steady_token();
    ASSERT_NE(fresh, old);
    const auto response = get(old);
    ASSERT_EQ(response.status, 200) << "the phone has no other yet";
    EXPECT_THAT(*response.body, HasSubstr(fresh));
    ASSERT_EQ(get(old).status, 200) << "it was not heard to have taken it";
    ASSERT_EQ(get(fresh).status, 200);
    expect_the_404(get(old));
    EXPECT_THAT(steps().back(), HasSubstr("token_refused: a token that is spent, expired or "));
}

/// How phones ask that hold an older file, or that always name a range.
std::vector<serve::Conditions> conditions_of_a_phone_that_gets_all() {
    return {{"", "Thu, 01 Jan 2004 00:00:00 GMT", "", ""},
            {"\"of another file\"", "", "", ""},
            {"", "", "bytes=0-", ""}};
}

TEST_F(FilesTest, ALeakedUrlEndsThoughThePhoneAsksWithConditions) {
    for (const auto& conditions : conditions_of_a_phone_that_gets_all()) {
        const auto leaked = steady_token();
        ASSERT_EQ(get(leaked).status, 200);
        apply({inventory::Rotate{phone}});
        auto asking = request(steady_token(), own_file);
        asking.conditions = conditions;
        ASSERT_EQ(files->answer(asking).status, 200);
        EXPECT_EQ(get(leaked).status, 404)
            << conditions.if_none_match << conditions.if_modified_since << conditions.range;
    }
}

TEST_F(FilesTest, ALeakedUrlEndsThoughThePhoneHasKeptTheNewFileAndIsAnsweredNotModified) {
    const auto leaked = steady_token();
    ASSERT_EQ(get(leaked).status, 200);
    apply({inventory::Rotate{phone}});
    const auto file = get(leaked); // the phone comes with its old URL and takes the new file
    ASSERT_THAT(*file.body, HasSubstr(steady_token()));
    for (int start = 0; start < 10; ++start) { // and from now on asks with the new one
        auto asking = request(steady_token(), own_file);
        asking.conditions.if_none_match = serve::entity_tag(*file.body);
        ASSERT_EQ(files->answer(asking).status, 200);
        clock.advance(std::chrono::hours(24));
    }
    EXPECT_EQ(get(leaked).status, 404);
}

TEST_F(FilesTest, AThiefWithTheUrlIsToldOfThoughHeAsksForARange) {
    ASSERT_EQ(get(steady_token()).status, 200);
    const base::Ipv4 second{phone_address.value + 1};
    neighbours[second] = phone;
    auto theft = request(steady_token(), own_file);
    theft.peer.address = second;
    theft.conditions.range = "bytes=1-";
    EXPECT_EQ(files->answer(theft).status, 200);
    EXPECT_THAT(steps(), testing::Contains(StartsWith("url_shared: ")));
}

TEST_F(FilesTest, APhoneThatMovesAfterTheClockWasSetBackSharesItsUrlWithNobody) {
    ASSERT_EQ(get(steady_token()).status, 200);
    clock.advance(-std::chrono::hours(24 * 365));
    const base::Ipv4 second{phone_address.value + 1};
    neighbours[second] = phone;
    auto moved = request(steady_token(), own_file);
    moved.peer.address = second;
    EXPECT_EQ(files->answer(moved).status, 200);
    EXPECT_THAT(steps(), Not(testing::Contains(StartsWith("url_shared: "))));
}

TEST_F(FilesTest, LeavesARegisteredPhoneRegistered) {
    store->reached(phone, Stage::registered);
    get(steady_token(), "factory0000.xml");
    ASSERT_EQ(get(steady_token()).status, 200);
    EXPECT_EQ(stage(), Stage::registered);
}

TEST_F(FilesTest, ConsumesNothingByHead) {
    const auto first = first_token();
    for (const auto& token : {first, steady_token()}) {
        auto head = request(token, own_file);
        head.method = "HEAD";
        EXPECT_EQ(files->answer(head).status, 200);
    }
    EXPECT_TRUE(store->now().credential(first));
    EXPECT_FALSE(store->now().device(phone)->is_configured());
    EXPECT_THAT(steps(), IsEmpty());
    EXPECT_EQ(stage(), Stage::heard);
}

TEST_F(FilesTest, ConsumesNothingByRangesAndConditions) {
    const auto first = first_token();
    auto part = request(steady_token(), own_file);
    part.conditions.range = "bytes=0-9";
    EXPECT_EQ(files->answer(part).status, 200);
    EXPECT_EQ(stage(), Stage::configured) << "the phone holds its URL";
    EXPECT_TRUE(store->now().credential(first));
    EXPECT_EQ(get(steady_token()).status, 200);
    EXPECT_FALSE(store->now().credential(first));
}

// Where it comes from

TEST_F(FilesTest, RefusesSourcesOutsideOfTheServedNetworksUnlessToldOtherwise) {
    auto far = request(steady_token(), own_file);
    far.peer.address = *base::Ipv4::parse("192.168.7.7");
    expect_the_404(files->answer(far));
    EXPECT_THAT(steps(), ElementsAre("file_refused: it asked from outside of the networks that are "
                                     "served; if phones are there, write allow = 192.168.7.7"));
    EXPECT_EQ(files->counters().outside, 1U);
    with.gate.allow = {*base::Network::parse("192.168.7.0/24")};
    files->settings(with);
    EXPECT_EQ(files->answer(far).status, 200) << "no neighbour table can show who is there";
    with.gate.allow.clear();
    with.gate.source_check = serve::SourceCheck::any;
    files->settings(with);
    EXPECT_EQ(files->answer(far).status, 200);
}

TEST_F(FilesTest, LearnsNothingFromStrangersOutsideOfTheServedNetworks) {
    auto far = request(std::string(22, 'A'), "cfg001fc1000002.xml");
    far.peer.address = *base::Ipv4::parse("192.168.7.7");
    expect_the_404(files->answer(far));
    EXPECT_EQ(store->now().device_count(), 1U);
}

TEST_F(FilesTest, RefusesAPhoneAtAnAddressWhereAnotherMacAnswers) {
    neighbours[phone_address] = other;
    expect_the_404(get(steady_token()));
    EXPECT_THAT(steps(), ElementsAre("neighbour_mismatch: the neighbour table shows 001fc1000002 "
                                     "at 10.0.0.99, not 001fc1000001; if a router or proxy speaks "
                                     "for phones there, write neighbour_allow = 10.0.0.99"));
    EXPECT_EQ(files->counters().neighbour, 1U);
    EXPECT_FALSE(store->now().device(phone)->is_configured());
    neighbours.clear();
    expect_the_404(get(steady_token()));
    EXPECT_THAT(steps().back(), HasSubstr("the neighbour table shows nobody at 10.0.0.99"));
}

TEST_F(FilesTest, NotesAWrongNeighbourAndServesWhereThatIsWanted) {
    neighbours[phone_address] = other;
    with.gate.neighbour_check = base::NeighbourCheck::log;
    files->settings(with);
    EXPECT_EQ(get(steady_token()).status, 200);
    EXPECT_THAT(steps(), ElementsAre(StartsWith("neighbour_mismatch: let pass (log): the neigh"),
                                     StartsWith("configured: ")));
    with.gate.neighbour_check = base::NeighbourCheck::off;
    files->settings(with);
    EXPECT_EQ(get(steady_token()).status, 200);
    EXPECT_EQ(steps().size(), 2U);
}

TEST_F(FilesTest, BelievesProxiesThatAreNamedAndThisMachineItself) {
    neighbours[phone_address] = other;
    with.gate.neighbour_allow = {*base::Network::parse("10.0.0.99")};
    files->settings(with);
    EXPECT_EQ(get(steady_token()).status, 200);
    auto own = request(steady_token(), own_file);
    own.peer.address = our_address;
    EXPECT_EQ(files->answer(own).status, 200);
}

TEST_F(FilesTest, TellsOnceThatTwoAddressesUseOneUrl) {
    const base::Ipv4 second{phone_address.value + 1};
    neighbours[second] = phone;
    auto elsewhere = request(steady_token(), own_file);
    elsewhere.peer.address = second;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(get(steady_token()).status, 200);
        EXPECT_EQ(files->answer(elsewhere).status, 200) << "it has the token";
    }
    const auto told = steps();
    EXPECT_EQ(std::count_if(told.begin(), told.end(),
                            [](const auto& line) { return line.starts_with("url_shared: "); }),
              1);
    EXPECT_THAT(told, testing::Contains("url_shared: while 10.0.0.99 uses it: one of them may not "
                                        "be your phone; `pnp rotate 001fc1000001` makes a new "
                                        "URL"));
    clock.advance(std::chrono::minutes(11));
    registered = phone_address;
    EXPECT_EQ(files->answer(elsewhere).status, 200);
    EXPECT_THAT(steps(), testing::Contains(StartsWith("url_shared: ")).Times(2));
}

// Too often

TEST_F(FilesTest, ShutsOutWhoMissesTooOftenButNotWhoHasAToken) {
    for (int i = 0; i < 31; ++i) {
        expect_the_404(get(std::string(22, 'A'), "index.html"));
    }
    ASSERT_THAT(files->penalties(), SizeIs(1));
    EXPECT_EQ(files->penalties()[0].who, "10.0.0.99");
    EXPECT_EQ(files->penalties()[0].row.standing, serve::Standing::shut);
    expect_the_404(get(std::string(22, 'A'), "cfg001fc1000002.xml"));
    EXPECT_EQ(store->now().device(other), nullptr) << "no work is done for it";
    EXPECT_EQ(files->counters().held, 1U);
    EXPECT_EQ(get(first_token()).status, 200) << "an honest phone behind the same address";
}

TEST_F(FilesTest, AnswersMissesLateWhereAPhoneIsConfiguredAndGoodUrlsAtOnce) {
    ASSERT_EQ(get(steady_token()).status, 200);
    serve::Response last;
    for (int i = 0; i < 100; ++i) {
        last = get(std::string(22, 'A'), "index.html");
        EXPECT_EQ(last.status, 404);
    }
    EXPECT_GT(last.delay.count(), 0);
    EXPECT_EQ(files->penalties().at(0).row.standing, serve::Standing::slowed);
    const auto good = get(steady_token());
    EXPECT_EQ(good.status, 200);
    EXPECT_EQ(good.delay.count(), 0);
    for (const std::string name : {"factory0000.xml", "cfg0010.xml"}) {
        EXPECT_EQ(get(steady_token(), name).delay.count(), 0) << name;
    }
    EXPECT_THAT(steps(), testing::Contains(StartsWith("limited: too many requests in vain from "
                                                      "its address: these are answered late")));
}

TEST_F(FilesTest, AGoodTokenIsRefusedAsLateAsAWrongOneWhereGuessesAreLate) {
    const auto spent = first_token();
    const auto good = steady_token();
    ASSERT_EQ(get(good).status, 200);
    apply({inventory::Assign{other, {"202"}}});
    const auto blocked = steady_token(other);
    apply({inventory::Block{other}});
    const base::Ipv4 thief{phone_address.value + 1};
    const auto asks = [&](base::Ipv4 source, const std::string& token, const std::string& name) {
        auto made = request(token, name);
        made.peer.address = source;
        made.user_agent = "curl/7.88.1";
        return files->answer(made);
    };
    const std::string others_file = "cfg001fc1000002.xml";
    for (int i = 0; i < 31; ++i) {
        asks(base::Ipv4{thief.value + 1}, std::string(22, 'A'), own_file);
        asks(base::Ipv4{thief.value + 2}, std::string(22, 'A'), others_file);
    }
    // The thief has guessed nothing yet: it is the phones' names that are slowed. Then he is shut
    // out, as whoever guesses for long.
    for (const int guesses : {0, 31}) {
        for (int i = 0; i < guesses; ++i) {
            asks(thief, std::string(22, 'A'), "index.html");
        }
        const auto wrong = asks(thief, std::string(22, 'B'), own_file);
        ASSERT_EQ(wrong.status, 404);
        ASSERT_EQ(wrong.delay.count() > 0, guesses == 0);
        for (const auto& [why, refused] : std::vector<std::pair<std::string, Response>>{
                 {"from the wrong neighbour", asks(thief, good, own_file)},
                 {"spent", asks(thief, spent, own_file)},
                 {"of a blocked phone", asks(thief, blocked, others_file)},
                 {"of another phone", asks(thief, good, others_file)}}) {
            expect_the_404(refused);
            EXPECT_EQ(refused.delay, wrong.delay) << why << " after " << guesses;
        }
    }
    EXPECT_EQ(get(good).delay.count(), 0) << "nobody waits whose URL is served";
}

TEST_F(FilesTest, NeverCountsTheNamesOfAChainAsMisses) {
    for (int i = 0; i < 100; ++i) {
        get(steady_token(), "factory0000.xml");
        get(steady_token(), "001fc1000001.cfg");
    }
    EXPECT_THAT(files->penalties(), IsEmpty());
}

// A disk that is full

/// No file may grow while this lives.
struct FullDisk {
    FullDisk() {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before);
        const rlimit none{0, before.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &none);
    }

    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before); }

    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

    rlimit before{};
};

TEST_F(FilesTest, HandsOutNothingWhoseUseItCannotKeep) {
    const auto first = first_token();
    {
        const FullDisk full;
        const auto answer = get(steady_token());
        EXPECT_EQ(answer.status, 503);
        EXPECT_EQ(answer.body, nullptr);
        EXPECT_THAT(steps(), IsEmpty());
        EXPECT_TRUE(store->now().credential(first));
    }
    EXPECT_EQ(get(steady_token()).status, 200);
    expect_the_404(get(first));
}

TEST_F(FilesTest, SaysSinceWhenAFileIsWhatItIs) {
    const auto token = steady_token();
    get(token);
    clock.advance(std::chrono::hours(1));
    const auto before = get(token).last_modified;
    EXPECT_EQ(before, clock.unix_ms() / 1000 - 3600);
    clock.advance(std::chrono::hours(1));
    EXPECT_EQ(get(token).last_modified, before);
    apply({inventory::Assign{phone, {"202"}}});
    get(token);
    clock.advance(std::chrono::seconds(1));
    EXPECT_EQ(get(token).last_modified, before + 7200);
}

TEST_F(FilesTest, GivesTheSameBytesForTheSameFacts) {
    const auto by_first = get(first_token());
    ASSERT_EQ(by_first.status, 200);
    const auto by_steady = get(steady_token());
    EXPECT_EQ(*by_first.body, *by_steady.body) << "each change restarts an Htek";
    auto browser = request(steady_token(), own_file);
    browser.user_agent = "curl/7.88.1";
    EXPECT_EQ(*files->answer(browser).body, *by_first.body);
    EXPECT_EQ(store->now().device(phone)->seen.model, "UC926");
}

TEST_F(FilesTest, GivesAPhoneNoFileFromBeforeAChange) {
    const auto token = steady_token();
    const auto body = [](const Response& response) {
        return response.body ? *response.body : std::string();
    };
    const auto before = body(get(token));
    ASSERT_THAT(before, HasSubstr("S3cret-of-201"));
    EXPECT_EQ(body(get(token)), before);

    auto elsewhere = request(token, own_file);
    elsewhere.local.address.value += 1;
    EXPECT_THAT(body(files->answer(elsewhere)), HasSubstr("10.0.0.2"));

    apply({inventory::Unassign{phone}, inventory::RemoveExtension{"201"},
           inventory::AddExtension{{"201", "Anna", base::Secret("An0ther-of-201")}},
           inventory::Assign{phone, {"201"}}});
    EXPECT_THAT(body(get(token)),
                AllOf(HasSubstr("An0ther-of-201"), Not(HasSubstr("S3cret-of-201"))));
    apply({inventory::Assign{phone, {"202"}}});
    EXPECT_THAT(body(get(token)), AllOf(HasSubstr("S3cret-of-202"), Not(HasSubstr("of-201"))));

    profile::Rule rule;
    rule.sip_server = "sip.example.org";
    with.rules = {rule};
    files->settings(with);
    EXPECT_THAT(body(get(token)), HasSubstr("sip.example.org"));
    with.rules.clear();
    with.ports.http += 1;
    files->settings(with);
    EXPECT_THAT(body(get(token)), HasSubstr(":5481/p/" + token));
    with.ports.http -= 1;
    files->settings(with);

    apply({inventory::Rotate{phone}});
    EXPECT_THAT(body(get(token)), AllOf(HasSubstr(steady_token()), Not(HasSubstr(token))));
    const auto shown = files->render(phone, own_file, our_address, false);
    ASSERT_TRUE(shown);
    EXPECT_THAT(*shown, AllOf(HasSubstr("********"), Not(HasSubstr("S3cret-of-202"))));
    apply({inventory::Assign{other, {"202"}}});
    auto others = request(steady_token(other), "cfg001fc1000002.xml");
    others.user_agent = "Htek UC926 2.0.4.2 00:1f:c1:00:00:02";
    others.peer.address.value += 1;
    neighbours[others.peer.address] = other;
    EXPECT_THAT(body(files->answer(others)),
                AllOf(HasSubstr(steady_token(other)), Not(HasSubstr(steady_token()))))
        << "of one number, and another phone's";
    apply({inventory::Block{phone}});
    expect_the_404(get(token));
    expect_the_404(get(steady_token()));
}

TEST_F(FilesTest, RefusesAnExpiredFirstTokenAndSaysWhatToDo) {
    const auto token = first_token();
    clock.advance(std::chrono::hours(25));
    expect_the_404(get(token));
    EXPECT_THAT(
        steps(),
        ElementsAre("token_refused: first token expired; unplug the phone and plug it in again"));
    EXPECT_EQ(files->counters().refused, 1U);
}

TEST_F(FilesTest, TellsBothPhonesWhenOneUsesTheUrlOfTheOther) {
    apply({inventory::Assign{other, {"202"}}});
    expect_the_404(get(steady_token(), "cfg001fc1000002.xml"));
    EXPECT_THAT(steps(), ElementsAre("token_refused: its URL was used by 001fc1000002 (the name of "
                                     "the file); `pnp rotate 001fc1000001` makes a new one"));
    EXPECT_THAT(steps(other), ElementsAre("token_refused: used the URL of 001fc1000001"));
    EXPECT_EQ(files->counters().foreign_token, 1U);
}

TEST_F(FilesTest, RefusesATokenThatAnotherPhoneUses) {
    auto borrowed = request(steady_token(), own_file);
    borrowed.user_agent = "Htek UC926 2.0.4.2 00:1f:c1:00:00:02";
    expect_the_404(files->answer(borrowed));
    EXPECT_THAT(steps(), ElementsAre("token_refused: its URL was used by 001fc1000002; `pnp rotate "
                                     "001fc1000001` makes a new one"));
}

TEST_F(FilesTest, RefusesNamesOutsideTheChain) {
    for (const std::string name :
         {"CFG001FC1000001.XML", "passwd", "cfg001fc1000001.xml.bak", "fw900M.rom"}) {
        expect_the_404(get(steady_token(), name));
    }
    EXPECT_THAT(steps(), SizeIs(4));
    EXPECT_THAT(steps()[1], HasSubstr("passwd is not a file that Htek phones ask for"));
}

TEST_F(FilesTest, RefusesPhonesThatAreNotApprovedOrHaveNoExtension) {
    const auto steady = steady_token();
    const auto first = first_token();
    apply({inventory::Unassign{phone}});
    expect_the_404(get(steady));
    expect_the_404(get(first));
    apply({inventory::Assign{phone, {"201"}}, inventory::Block{phone}});
    expect_the_404(get(steady));
    expect_the_404(get(first));
    EXPECT_EQ(files->counters().served, 0U);
    EXPECT_THAT(steps(), Each(StartsWith("file_refused: ")));
}

TEST_F(FilesTest, RefusesPathsOfAnotherShape) {
    const auto token = steady_token();
    for (const auto& path : std::vector<std::string>{
             "/", "/p", "/p/", "/p/" + token, "/p/" + token + "/", "/P/" + token + "/" + own_file,
             "/p/" + token + "x/" + own_file, "/p/" + token.substr(1) + "/" + own_file,
             "/p/" + token + "/x/" + own_file, "/x/p/" + token + "/" + own_file, "/" + own_file}) {
        auto shaped = request(token, own_file);
        shaped.path = path;
        expect_the_404(files->answer(shaped));
    }
    EXPECT_EQ(files->counters().strangers, 11U);
}

TEST_F(FilesTest, RecordsAnUnknownPhoneThatAsks) {
    auto asking = request(std::string(22, 'A'), "cfg001fc1000002.xml");
    asking.user_agent = "Htek UC926 2.0.4.2 00:1f:c1:00:00:02";
    expect_the_404(files->answer(asking));
    const auto snapshot = store->now();
    const auto* device = snapshot.device(other);
    ASSERT_NE(device, nullptr);
    EXPECT_EQ(device->state(), "pending");
    EXPECT_EQ(device->seen.address, phone_address);
    EXPECT_EQ(device->seen.user_agent, asking.user_agent);
    EXPECT_THAT(steps(other), ElementsAre(no_token));
}

TEST_F(FilesTest, LetsAStrangerWriteOneLineIntoATimelineAndNoMore) {
    for (int i = 0; i < 300; ++i) {
        auto guess = request(std::string(22, static_cast<char>('A' + i % 26)), own_file);
        if (i % 2 == 0) {
            guess.path = "/" + std::to_string(i) + own_file;
        }
        expect_the_404(files->answer(guess));
    }
    EXPECT_THAT(steps(), ElementsAre(no_token, StartsWith("limited: its files were asked for")));
    EXPECT_EQ(store->now().device(phone)->seen.address.value, 0U)
        << "a guess says nothing about where the phone is";
}

TEST_F(FilesTest, RecordsNothingWhereNoPhoneIsNamed) {
    for (const std::string name :
         {"index.html", "cfg0000.xml", "000000000000.cfg", "cfg011fc1000002.xml", "12345678901"}) {
        expect_the_404(get(std::string(22, 'A'), name));
    }
    EXPECT_EQ(store->now().device_count(), 1U);
}

TEST_F(FilesTest, RefusesAPhoneThatNoProfileKnows) {
    const auto strange = *Mac::parse("020000000001");
    apply({inventory::Assign{strange, {"202"}}});
    neighbours[phone_address] = strange;
    auto asking = request(steady_token(strange), "020000000001.cfg");
    asking.user_agent = "Toaster 1.0";
    expect_the_404(files->answer(asking));
    EXPECT_THAT(steps(strange),
                ElementsAre("file_refused: no vendor profile matches this phone (vendor '', "
                            "User-Agent 'Toaster 1.0')"));
}

TEST_F(FilesTest, SaysWhichExtensionThePbxDoesNotHave) {
    broken = "201";
    expect_the_404(get(steady_token()));
    EXPECT_THAT(steps(),
                ElementsAre("file_refused: " + own_file +
                            " cannot be made: line 1 is extension 201: the PBX has no 201"));
    EXPECT_THAT(logged, testing::Contains(HasSubstr("line 1 is extension 201")));
    EXPECT_EQ(stage(), Stage::fetching);
    for (int i = 0; i < 100; ++i) {
        get(steady_token());
    }
    EXPECT_LT(logged.size(), 50U);
}

TEST_F(FilesTest, AnswersNotFoundBeforeItHasProfiles) {
    files->settings({nullptr, {}});
    expect_the_404(get(steady_token()));
}

TEST_F(FilesTest, WritesNoTokenAndNoPasswordIntoTimelinesAndLogs) {
    const auto first = first_token();
    get(first);
    get(first, first);
    get(steady_token());
    get(std::string(22, 'A'), own_file);
    auto told = steps();
    told.insert(told.end(), logged.begin(), logged.end());
    EXPECT_THAT(told, Each(Not(HasSubstr(steady_token()))));
    EXPECT_THAT(told, Each(Not(HasSubstr("S3cret"))));
}

// Rendering for an admin

TEST_F(FilesTest, RendersWhatThePhoneWouldGet) {
    const auto served = get(steady_token());
    const auto rendered = files->render(phone, own_file, our_address, true);
    ASSERT_TRUE(rendered) << rendered.error().what;
    EXPECT_EQ(*rendered, *served.body);
}

TEST_F(FilesTest, HidesSecretsUnlessToldToReveal) {
    const auto rendered = files->render(phone, own_file, our_address, false);
    ASSERT_TRUE(rendered) << rendered.error().what;
    EXPECT_THAT(*rendered, HasSubstr("********"));
    EXPECT_THAT(*rendered, Not(HasSubstr("S3cret")));
    EXPECT_THAT(*rendered, Not(HasSubstr(steady_token()))) << "it opens the file with them";
    EXPECT_THAT(steps(), IsEmpty());
}

TEST_F(FilesTest, TellsTheCommandThatMakesAFilePossible) {
    const auto error = [this](Mac mac, const std::string& name = own_file) {
        const auto rendered = files->render(mac, name, our_address, false);
        EXPECT_FALSE(rendered);
        return rendered ? std::string() : rendered.error().what;
    };
    EXPECT_EQ(error(other), "001fc1000002 is not known: pnp assign 001fc1000002 EXT");
    store->saw(other, {});
    EXPECT_EQ(error(other), "001fc1000002 is pending: pnp assign 001fc1000002 EXT");
    apply({inventory::Approve{other}});
    EXPECT_EQ(error(other), "001fc1000002 has no extension: pnp assign 001fc1000002 EXT");
    EXPECT_THAT(error(phone, "nonsense.xml"),
                HasSubstr("nonsense.xml is not a file that Htek phones ask for; 001fc1000001 asks "
                          "for factory0000.xml, "));
    EXPECT_THAT(error(phone, "001fc1000001.cfg"), HasSubstr("with 404 on purpose: not served"));
    broken = "201";
    EXPECT_EQ(error(phone), "001fc1000001: line 1 is extension 201: the PBX has no 201");
    broken.clear();
    apply({inventory::Block{phone}});
    EXPECT_THAT(error(phone), HasSubstr("001fc1000001 is blocked: pnp "));
}

// Over a socket

TEST_F(FilesTest, AnswersOnTheWireWithTheSameBytesForEveryReason) {
    apply({inventory::Assign{other, {"202"}}});
    with.gate.neighbour_check = base::NeighbourCheck::off; // all come from here
    files->settings(with);
    files->surroundings({{{base::Ipv4{INADDR_LOOPBACK}, 8}}, {}});
    base::Loop loop;
    serve::Http http(loop, {}, [this](const Request& asked) { return files->answer(asked); });
    ASSERT_TRUE(http.listen({{base::Ipv4{INADDR_LOOPBACK}, 0}}).empty());
    serve_test::Client client(loop, http.listening().at(0));
    const auto ask = [&](const std::string& path) {
        return client.ask("GET " + path + " HTTP/1.1\r\nHost: a\r\nUser-Agent: " + agent +
                          "\r\n\r\n");
    };
    const auto served = ask("/p/" + steady_token() + "/" + own_file);
    EXPECT_EQ(served.status, 200);
    EXPECT_THAT(served.body, HasSubstr("S3cret-of-201"));
    const auto old = first_token();
    EXPECT_EQ(ask("/p/" + steady_token() + "/" + own_file).status, 200); // spends it
    for (const auto& path : std::vector<std::string>{
             "/p/" + steady_token() + "/factory0000.xml", "/p/" + steady_token() + "/nonsense",
             "/p/" + steady_token() + "/cfg001fc1000002.xml",
             "/p/" + steady_token(other) + "/" + own_file,
             "/p/" + steady_token(other) + "/cfg001fc1000002.xml", "/p/" + old + "/" + own_file,
             "/p/AAAAAAAAAAAAAAAAAAAAAA/" + own_file,
             "/p/AAAAAAAAAAAAAAAAAAAAAA/cfg001fc1000009.xml", "/p/%00/" + own_file,
             std::string("/../../etc/passwd")}) {
        EXPECT_EQ(ask(path).all(), "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") << path;
    }
}

} // namespace
