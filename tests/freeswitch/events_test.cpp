// SPDX-License-Identifier: MIT
// Registrations as mod_sofia's events tell them, and a NOTIFY to one phone.
#include "freeswitch/site.hpp"

#include <algorithm>

#include <gmock/gmock.h>

namespace {

using fake::Fired;
using fake::Headers;
using fake::Loaded;
using fake::phone;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr const char* another_phone = "001fc1000002";

std::string explain(Loaded& loaded) {
    return loaded.host.pnp(std::string("explain ") + phone);
}

std::vector<Fired> notifies(const Loaded& loaded) {
    auto all = loaded.host.fired();
    const auto is_none = [](const Fired& one) {
        return one.id != 57 || one.headers.count("user") == 0; // mod_sofia sends none to nobody
    };
    all.erase(std::remove_if(all.begin(), all.end(), is_none), all.end());
    return all;
}

TEST(ModPnpEvents, ARegistrationIsInThePhonesStory) {
    Loaded loaded;
    loaded.give("201");
    loaded.registers("201", "call-1");
    EXPECT_THAT(explain(loaded), AllOf(HasSubstr("All is well"), HasSubstr("10.0.0.2")));
    loaded.host.event("sofia::unregister", Loaded::of_end("201", "call-1"));
    EXPECT_THAT(explain(loaded), HasSubstr("lost its registration"));

    loaded.registers("201", "call-2");
    EXPECT_THAT(explain(loaded), HasSubstr("All is well"));
    loaded.host.event("sofia::expire", Loaded::of_expiry("201", "call-2"));
    EXPECT_THAT(explain(loaded), HasSubstr("lost its registration"));
}

/// mod_sofia tells of a REGISTER before it has looked at its password, and older FreeSWITCHes
/// deliver that to whoever asked for sofia::register.
TEST(ModPnpEvents, APhoneThatMerelyTriedIsNotSaidToBeRegistered) {
    Loaded loaded;
    loaded.give("201");
    loaded.host.event("sofia::register_attempt", Loaded::of_registration("201", "call-1"));
    loaded.host.event("sofia::register_failure", Loaded::of_registration("201", "call-1"));
    EXPECT_THAT(explain(loaded), Not(HasSubstr("registered at the PBX")));
    EXPECT_THAT(explain(loaded), Not(HasSubstr("All is well")));
    EXPECT_FALSE(loaded.host.has_logged(4, "FreeSWITCH did not ask us for it"));
}

TEST(ModPnpEvents, TheEndOfAnEarlierRegistrationIsNoLoss) {
    Loaded loaded;
    loaded.give("201");
    loaded.registers("201", "call-1");
    loaded.registers("201", "call-2"); // it restarted
    loaded.host.event("sofia::expire", Loaded::of_expiry("201", "call-1"));
    EXPECT_THAT(explain(loaded), HasSubstr("All is well"));
}

/// RFC 3261 10.2 has all of a phone's REGISTERs share it.
TEST(ModPnpEvents, ThePhoneOfTheOtherLineWithTheSameCallIdStaysRegistered) {
    Loaded loaded;
    loaded.give("201");
    loaded.host.pnp("extension add 202");
    loaded.host.pnp(std::string("assign ") + another_phone + " 202");
    loaded.registers("201", "call-1");
    loaded.registers("202", "call-1", "5060", "pbx.example", "10.0.0.3",
                     "Htek UC924 2.0.4.2 00:1f:c1:00:00:02");
    loaded.host.event("sofia::unregister", Loaded::of_end("202", "call-1"));
    EXPECT_THAT(explain(loaded), HasSubstr("All is well"));
    EXPECT_THAT(loaded.host.pnp(std::string("explain ") + another_phone),
                HasSubstr("lost its registration"));
    loaded.host.event("sofia::expire", Loaded::of_expiry("201", "call-1"));
    EXPECT_THAT(explain(loaded), HasSubstr("lost its registration"));
}

TEST(ModPnpEvents, APhoneWhoseRouterGivesItAnotherPortIsLostWhenItGoes) {
    Loaded loaded;
    loaded.give("201");
    loaded.registers("201", "call-1");
    loaded.registers("201", "call-1", "5070");
    EXPECT_THAT(explain(loaded), HasSubstr("All is well"));
    loaded.host.event("sofia::expire", Loaded::of_expiry("201", "call-1"));
    EXPECT_THAT(explain(loaded), HasSubstr("lost its registration"));
}

TEST(ModPnpEvents, AUserOfAnotherDomainIsAnother) {
    Loaded loaded;
    loaded.give("201");
    loaded.registers("201", "call-1", "5060", "elsewhere.example");
    EXPECT_THAT(explain(loaded), Not(HasSubstr("registered at the PBX")));
}

TEST(ModPnpEvents, ARefusedPasswordIsInThePhonesStory) {
    Loaded loaded;
    loaded.give("201");
    loaded.registers("201", "call-1"); // so that its address is known
    // The host as the phone wrote it: it is told this machine's address and knows no domain.
    Headers headers = {{"profile-name", "internal"},   {"to-user", "201"},
                       {"to-host", "192.0.2.1"},       {"network-ip", "10.0.0.2"},
                       {"user-agent", "Htek UC924"},   {"network-port", "5060"},
                       {"registration-type", "INVITE"}};
    loaded.host.event("sofia::register_failure", headers);
    EXPECT_THAT(explain(loaded), Not(HasSubstr("wrong user or password")));
    headers["registration-type"] = "REGISTER";
    headers["network-ip"] = "10.0.0.3";
    loaded.host.event("sofia::register_failure", headers);
    EXPECT_THAT(explain(loaded), Not(HasSubstr("wrong user or password"))) << "somebody else";
    headers["network-ip"] = "10.0.0.2";
    loaded.host.event("sofia::register_failure", headers);
    EXPECT_THAT(explain(loaded),
                AllOf(HasSubstr("wrong user or password"),
                      HasSubstr("sip-forbid-register"), // the password may be right
                      HasSubstr("log-auth-failures")));
}

TEST(ModPnpEvents, SaysOnceWhereAnotherAnsweredForOurUser) {
    Loaded loaded;
    loaded.give("201");
    const auto told = [&] {
        const auto all = loaded.host.logged();
        return std::count_if(all.begin(), all.end(), [](const fake::Logged& one) {
            return one.level == 4 &&
                   one.text.find("FreeSWITCH did not ask us for it") != std::string::npos &&
                   one.text.find("apply-register-acl") != std::string::npos;
        });
    };
    for (const char* call_id : {"x", "x", "y"}) { // it renews, and starts again
        loaded.host.event("sofia::register", Loaded::of_registration("201", call_id));
        EXPECT_EQ(told(), 1);
    }
    loaded.host.pnp("extension add 201 --name 'Front desk'");
    loaded.registers("201", "x");
    EXPECT_EQ(told(), 1);
}

/// The two phones of one number, at profiles as sofia.conf has them.
void two_phones_register(Loaded& loaded) {
    loaded.give("201");
    loaded.host.pnp(std::string("assign ") + another_phone + " 201");
    loaded.registers("201", "call-1");
    loaded.registers("201", "call-2", "5060", "pbx.example", "10.0.0.3",
                     "Htek UC924 2.0.4.2 00:1f:c1:00:00:02");
}

fake::Files with_profile(const std::string& settings) {
    fake::Files files;
    files.configurations = R"(<configuration name="sofia.conf"><profiles>
        <profile name="internal"><settings>)" +
                           settings + "</settings></profile></profiles></configuration>";
    return files;
}

TEST(ModPnpEvents, APhoneWhoseRegistrationAnotherTookIsNotWell) {
    for (const char* setting : {"", R"(<param name="multiple-registrations" value="false"/>)"}) {
        Loaded loaded(with_profile(setting));
        two_phones_register(loaded);
        EXPECT_THAT(explain(loaded), HasSubstr("lost its registration")) << setting;
        EXPECT_THAT(loaded.host.pnp(std::string("explain ") + another_phone),
                    HasSubstr("All is well"))
            << setting;
        loaded.host.pnp(std::string("resync ") + phone);
        EXPECT_TRUE(notifies(loaded).empty()) << "there is nobody to be told";
        loaded.registers("201", "call-3"); // and takes it back
        EXPECT_THAT(explain(loaded), HasSubstr("All is well")) << setting;
    }
}

/// mod_sofia deletes whatever the number has there (sofia_reg_handle_register_token).
TEST(ModPnpEvents, APhoneThatGoesWithAnotherCallIdIsNotWell) {
    Loaded loaded(with_profile(""));
    loaded.give("201");
    loaded.registers("201", "call-1");
    loaded.host.event("sofia::unregister", Loaded::of_end("201", "call-9"));
    EXPECT_THAT(explain(loaded),
                AllOf(HasSubstr("lost its registration"), Not(HasSubstr("All is well"))));
    loaded.host.pnp(std::string("resync ") + phone);
    EXPECT_TRUE(notifies(loaded).empty()) << "there is nobody to be told";
}

/// By default FreeSWITCH delivers each event by a thread of its own.
TEST(ModPnpEvents, APhoneThatGoesAndComesBackAtOnceStaysRegistered) {
    for (const char* several : {"false", "contact", "call-id"}) {
        Loaded loaded(with_profile(R"(<param name="multiple-registrations" value=")" +
                                   std::string(several) + R"("/>)"));
        loaded.give("201");
        loaded.registers("201", "call-1");
        const auto went = loaded.host.fired_before(Loaded::of_end("201", "call-1"));
        const auto expired = loaded.host.fired_before(Loaded::of_expiry("201", "call-1"));
        loaded.registers("201", "call-1");
        loaded.host.event("sofia::unregister", went);
        loaded.host.event("sofia::expire", expired);
        EXPECT_THAT(explain(loaded), HasSubstr("All is well")) << several;
        EXPECT_THAT(loaded.host.pnp(std::string("resync ") + phone),
                    HasSubstr("goes out by the PBX"))
            << several;
    }
}

TEST(ModPnpEvents, APhoneThatWentIsNotSaidToBeRegistered) {
    for (const char* several : {"false", "contact", "call-id"}) {
        Loaded loaded(with_profile(R"(<param name="multiple-registrations" value=")" +
                                   std::string(several) + R"("/>)"));
        loaded.give("201");
        const auto came = loaded.host.fired_before(Loaded::of_registration("201", "call-1"));
        loaded.host.event("sofia::unregister", Loaded::of_end("201", "call-1"));
        loaded.host.event("sofia::register", came);
        EXPECT_THAT(explain(loaded), Not(HasSubstr("All is well"))) << several;
        loaded.host.pnp(std::string("resync ") + phone);
        EXPECT_TRUE(notifies(loaded).empty()) << several;
        loaded.registers("201", "call-1");
        EXPECT_THAT(explain(loaded), HasSubstr("All is well")) << several;
    }
}

TEST(ModPnpEvents, APhoneWhoseRegistrationIsToldAfterTheOneThatTookItIsNotWell) {
    Loaded loaded(with_profile(""));
    loaded.give("201");
    loaded.host.pnp(std::string("assign ") + another_phone + " 201");
    const auto first = loaded.host.fired_before(Loaded::of_registration("201", "call-1"));
    loaded.registers("201", "call-2", "5060", "pbx.example", "10.0.0.3",
                     "Htek UC924 2.0.4.2 00:1f:c1:00:00:02");
    loaded.host.event("sofia::register", first);
    EXPECT_THAT(explain(loaded), Not(HasSubstr("All is well")));
    EXPECT_THAT(loaded.host.pnp(std::string("explain ") + another_phone), HasSubstr("All is well"));
}

/// mod_sofia deletes what has this contact there, whatever its Call-ID.
TEST(ModPnpEvents, APhoneThatGoesWithAnotherCallIdIsNotWellWhereContactsAreToldApart) {
    Loaded loaded(with_profile(R"(<param name="multiple-registrations" value="contact"/>)"));
    two_phones_register(loaded);
    loaded.host.event("sofia::unregister", Loaded::of_end("201", "call-9"));
    EXPECT_THAT(explain(loaded), HasSubstr("lost its registration"));
    EXPECT_THAT(loaded.host.pnp(std::string("explain ") + another_phone), HasSubstr("All is well"));
}

/// mod_sofia has a row for each contact, so the one of the old port expires later by itself.
TEST(ModPnpEvents, APhoneWhoseRouterGaveItAnotherPortStaysRegisteredWhereContactsAreToldApart) {
    for (const char* event : {"sofia::expire", "sofia::unregister"}) {
        Loaded loaded(with_profile(R"(<param name="multiple-registrations" value="contact"/>)"));
        loaded.give("201");
        loaded.registers("201", "call-1");
        loaded.registers("201", "call-1", "5070");
        loaded.host.event(event, Loaded::of_expiry("201", "call-1")); // of 5060
        EXPECT_THAT(explain(loaded), HasSubstr("All is well")) << event;
        EXPECT_THAT(loaded.host.pnp(std::string("resync ") + phone),
                    HasSubstr("goes out by the PBX"))
            << event;
        auto last = Loaded::of_expiry("201", "call-1");
        last["contact"] = "\"201\" <sip:201@10.0.0.2:5070>";
        loaded.host.event(event, last);
        EXPECT_THAT(explain(loaded), HasSubstr("lost its registration")) << event;
    }
}

TEST(ModPnpEvents, AnEndOfAnotherCallIdIsNobodysWhereSeveralAreKept) {
    Loaded loaded(with_profile(R"(<param name="multiple-registrations" value="call-id"/>)"));
    loaded.give("201");
    loaded.registers("201", "call-1");
    loaded.host.event("sofia::unregister", Loaded::of_end("201", "call-9"));
    EXPECT_THAT(explain(loaded), HasSubstr("All is well"));
}

TEST(ModPnpEvents, PhonesRegisterBesideEachOtherWhereTheProfileLetsThem) {
    for (const char* settings : {R"(<param name="multiple-registrations" value="contact"/>)",
                                 R"(<param name="multiple-registrations" value="call-id"/>)",
                                 R"(<param name="multiple-registrations" value="true"/>)",
                                 R"(<param name="multiple-registrations" value="1"/>)",
                                 // mod_sofia takes one after the other, in any letters.
                                 R"(<param name="multiple-registrations" value="false"/>
                                    <param name="Multiple-Registrations" value="true"/>)",
                                 R"(<param name="manage-shared-appearance" value="true"/>)"}) {
        Loaded loaded(with_profile(settings));
        two_phones_register(loaded);
        EXPECT_THAT(explain(loaded), HasSubstr("All is well")) << settings;
    }
}

TEST(ModPnpEvents, NoPhoneIsGivenUpWhereNothingIsKnownOfTheProfile) {
    Loaded loaded;
    two_phones_register(loaded);
    EXPECT_THAT(explain(loaded), HasSubstr("All is well"));
}

TEST(ModPnpEvents, NoSecretIsInTheLogOrInAnEvent) {
    fake::served({}, [](Loaded& loaded) {
        std::string said;
        for (const char* words :
             {"extension add 201 --password Of-the-extension-1", "extension pin 201 739164",
              "approve 001fc1000001", "assign 001fc1000001 201",
              "render 001fc1000001 cfg001fc1000001.xml --reveal", "rotate 001fc1000001",
              "show tokens", "assign 001fc1000002 1004", "explain 001fc1000001", "reload"}) {
            said += loaded.host.pnp(words);
        }
        loaded.registers("201", "call-1");
        loaded.host.event("sofia::register_failure", Loaded::of_registration("201", "call-2"));
        loaded.host.pnp(std::string("resync ") + phone);
        EXPECT_THAT(said, HasSubstr(">Of-the-extension-1<")) << "the phone's file has it";
        std::string told;
        for (const auto& one : loaded.host.logged()) {
            told += one.text;
        }
        for (const auto& one : loaded.host.fired()) {
            for (const auto& [name, value] : one.headers) {
                told += value + '\n';
            }
            told += one.body;
        }
        EXPECT_THAT(told, HasSubstr(phone));
        for (const char* secret : {"Of-the-extension-1", "739164", ">alone<"}) {
            EXPECT_THAT(told, Not(HasSubstr(secret)));
        }
    });
}

TEST(ModPnpEvents, OddHeadersDoNoHarm) {
    Loaded loaded;
    loaded.give("201");
    for (const char* name :
         {"sofia::register", "sofia::unregister", "sofia::expire", "sofia::register_failure"}) {
        loaded.host.event(name, {});
        loaded.host.event(name, {{"from-host", "pbx.example"},
                                 {"network-ip", "no address"},
                                 {"network-port", "99999999999999999999"},
                                 {"call-id", "y"}});
    }
    EXPECT_THAT(explain(loaded), Not(HasSubstr("registered at the PBX")));
}

TEST(ModPnpEvents, ACheckSyncGoesToTheOneContact) {
    Loaded loaded;
    loaded.give("201");
    loaded.registers("201", "call-1");
    loaded.registers("201", "call-2", "5070");
    EXPECT_THAT(loaded.host.pnp(std::string("resync ") + phone), HasSubstr("goes out by the PBX"));
    const auto sent = notifies(loaded);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_THAT(sent.front().headers,
                UnorderedElementsAre(Pair("Event-Name", "NOTIFY"), Pair("call-id", "call-2"),
                                     Pair("content-type", "application/simple-message-summary"),
                                     Pair("event-string", "resync"), Pair("host", "pbx.example"),
                                     Pair("profile", "internal"), Pair("user", "201")));
    EXPECT_EQ(sent.front().subclass, "");
    EXPECT_EQ(sent.front().body, "");
}

/// Two of a number behind one router; the other one registered last.
TEST(ModPnpEvents, ACheckSyncGoesToThePhoneThatWasMeantBehindARouter) {
    Loaded loaded;
    loaded.give("201");
    loaded.host.pnp(std::string("assign ") + another_phone + " 201");
    loaded.registers("201", "call-1");
    loaded.registers("201", "call-2", "5070", "pbx.example", "10.0.0.2",
                     "Htek UC924 2.0.4.2 00:1f:c1:00:00:02");
    EXPECT_THAT(loaded.host.pnp(std::string("resync ") + phone), HasSubstr("goes out by the PBX"));
    ASSERT_EQ(notifies(loaded).size(), 1U);
    EXPECT_EQ(notifies(loaded).front().headers.at("call-id"), "call-1");
}

TEST(ModPnpEvents, NobodyIsToldWhoIsNotRegistered) {
    Loaded loaded;
    loaded.give("201");
    loaded.registers("201", "call-1");
    loaded.host.event("sofia::unregister", Loaded::of_end("201", "call-1"));
    loaded.host.pnp(std::string("resync ") + phone);
    EXPECT_TRUE(notifies(loaded).empty());
}

TEST(ModPnpEvents, EachStepIsAnEventOfFreeSwitch) {
    Loaded loaded;
    loaded.give("201");
    loaded.registers("201", "call-1");
    std::vector<std::string> steps;
    for (const auto& one : loaded.host.fired()) {
        if (one.id == 57) {
            continue;
        }
        ASSERT_EQ(one.id, 0);
        ASSERT_EQ(one.subclass, "pnp::device");
        ASSERT_EQ(one.headers.at("PnP-MAC"), phone);
        steps.push_back(one.headers.at("PnP-Step"));
    }
    EXPECT_THAT(steps, ::testing::Contains("registered"));
    EXPECT_EQ(loaded.host.fired().back().headers.at("PnP-Lines"), "201");
    EXPECT_EQ(loaded.host.fired().back().headers.at("PnP-Address"), "10.0.0.2");
    EXPECT_EQ(loaded.host.fired().back().headers.count("PnP-Detail"), 1U);
}

} // namespace
