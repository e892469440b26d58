// SPDX-License-Identifier: MIT
// What FreeSWITCH is told of users and of the dial plan, and what is taken from its files.
#include "freeswitch/answers.hpp"
#include "freeswitch/site.hpp"

#include <atomic>
#include <chrono>
#include <cmath>
#include <iostream>
#include <regex.h>
#include <thread>

#include <gmock/gmock.h>

namespace {

using fake::domain;
using fake::Files;
using fake::Loaded;
using fake::param;
using fake::phone;
using fake::served;
using fake::value;
using fake::variable;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string config(Loaded& loaded) {
    return loaded.host.pnp(std::string("render ") + phone + " cfg" + phone + ".xml --reveal");
}

TEST(ModPnpDirectory, HasOurUsersWithWhatFreeSwitchAsksFor) {
    served({}, [](Loaded& loaded) {
        loaded.give("201", R"(--name "Anna & <Bert>")");
        const auto user = loaded.host.user("201", domain).value_or("");
        EXPECT_EQ(value(user, "/document/@type"), "freeswitch/xml");
        EXPECT_EQ(value(user, "/document/section/@name"), "directory");
        EXPECT_EQ(value(user, "/document/section/domain/@name"), domain);
        EXPECT_EQ(value(user, "/document/section/domain/groups/group/users/user/@id"), "201");
        EXPECT_EQ(value(user, "count(//user)"), "1");
        EXPECT_EQ(param(user, "password").size(), 20U);
        EXPECT_THAT(config(loaded), HasSubstr(param(user, "password")))
            << "the phone has the same one";
        EXPECT_EQ(
            param(user, "dial-string"),
            "{^^:sip_invite_domain=${dialed_domain}:presence_id=${dialed_user}@${dialed_domain}}"
            "${sofia_contact(*/${dialed_user}@${dialed_domain})}");
        EXPECT_EQ(variable(user, "user_context"), "pnp-extensions");
        EXPECT_EQ(variable(user, "effective_caller_id_name"), "Anna & <Bert>");
        EXPECT_EQ(variable(user, "effective_caller_id_number"), "201");
        EXPECT_EQ(variable(user, "pnp_mac"), phone);
        EXPECT_EQ(value(loaded.host.user("201", "10.0.0.10").value_or(""), "//domain/@name"),
                  "10.0.0.10")
            << "each of our domains";
    });
}

TEST(ModPnpDirectory, LeavesToOthersWhatIsNotOurs) {
    Loaded loaded;
    loaded.give("201");
    EXPECT_FALSE(loaded.host.user("1000", domain));
    EXPECT_FALSE(loaded.host.user("2", domain));
    EXPECT_FALSE(loaded.host.user("", domain));
    EXPECT_FALSE(loaded.host.user("201", "elsewhere.example"));
    const fake::Headers asked = {{"user", "201"}, {"key", "id"}, {"domain", domain}};
    EXPECT_TRUE(loaded.host.locate("directory", "domain", "name", domain, asked));
    EXPECT_FALSE(loaded.host.locate("directory", "domain", "name", domain, {}));
    EXPECT_FALSE(loaded.host.locate("directory", nullptr, nullptr, nullptr, asked));
    EXPECT_FALSE(loaded.host.locate("directory", "domain", "name", domain,
                                    {{"user", "201"}, {"key", "reverse-auth-user"}}));
    EXPECT_FALSE(loaded.host.locate("configuration", "configuration", "name", "pnp.conf", asked));
    loaded.host.pnp("extension remove 201");
}

TEST(ModPnpDirectory, HasNothingInANameThatFreeSwitchWouldRun) {
    Loaded loaded;
    loaded.give("201", R"(--name '${system(touch /tmp/x)} "A"')");
    const auto user = loaded.host.user("201", domain).value_or("");
    EXPECT_THAT(variable(user, "effective_caller_id_name"),
                AllOf(Not(HasSubstr("$")), HasSubstr("'A'")));
}

TEST(ModPnpDialplan, CallsOurExtensionsInTheirContext) {
    Loaded loaded;
    loaded.give("201");
    const auto call = loaded.host.call("201", "pnp-extensions").value_or("");
    EXPECT_EQ(value(call, "/document/section/@name"), "dialplan");
    EXPECT_EQ(value(call, "/document/section/context/@name"), "pnp-extensions");
    EXPECT_EQ(value(call, "count(//extension)"), "1");
    EXPECT_EQ(value(call, "//condition/@field"), "destination_number");
    EXPECT_EQ(value(call, "//condition/@expression"), "^201$");
    EXPECT_EQ(value(call, "//action[last()]/@application"), "bridge");
    EXPECT_EQ(value(call, "//action[last()]/@data"), "user/201@pbx.example");

    EXPECT_FALSE(loaded.host.call("201", "default"));
    EXPECT_FALSE(loaded.host.call("202", "pnp-extensions"));
    EXPECT_FALSE(loaded.host.locate("dialplan", nullptr, nullptr, nullptr, {}));
    EXPECT_TRUE(loaded.host.locate(
        "dialplan", nullptr, nullptr, nullptr,
        {{"Caller-Context", "pnp-extensions"}, {"Caller-Destination-Number", "201"}}));
}

/// FreeSWITCH tells no large letters from small ones in either (strcasecmp).
TEST(ModPnpDialplan, FindsAnExtensionWhateverTheLettersOfItsNumberAndContext) {
    Files files;
    files.contexts = R"(<context name="PnP-Extensions"><extension name="gate">
        <condition field="destination_number" expression="^300$"/></extension></context>)";
    Loaded loaded(files);
    loaded.give("door");
    EXPECT_TRUE(loaded.host.user("Door", domain));
    EXPECT_TRUE(loaded.host.call("door", "PnP-Extensions"));
    EXPECT_THAT(loaded.host.pnp("extension add 300"),
                AllOf(StartsWith("-ERR"), HasSubstr("(extension gate)")));
    loaded.host.pnp(std::string("unassign ") + phone);
    loaded.host.pnp("extension remove door");
    EXPECT_FALSE(loaded.host.user("Door", domain));
}

TEST(ModPnpDialplan, TakesANumberLiterally) {
    Loaded loaded;
    loaded.host.pnp("extension add *7.0+");
    const auto call = loaded.host.call("*7.0+", "pnp-extensions").value_or("");
    regex_t expression{};
    ASSERT_EQ(regcomp(&expression, value(call, "//condition/@expression").c_str(),
                      REG_EXTENDED | REG_NOSUB),
              0);
    EXPECT_EQ(regexec(&expression, "*7.0+", 0, nullptr, 0), 0);
    EXPECT_NE(regexec(&expression, "*7x0+", 0, nullptr, 0), 0);
    EXPECT_NE(regexec(&expression, "*7.00", 0, nullptr, 0), 0);
    regfree(&expression);
}

TEST(ModPnpDialplan, StartsCallsWhereTheProfileSays) {
    Loaded loaded;
    loaded.site.write("extensions_context = inside\n[profile htek]\nvendor = htek\n"
                      "context = default\n");
    loaded.host.pnp("reload");
    loaded.host.pnp("approve 001fc1000001");
    loaded.give("201");
    EXPECT_EQ(variable(loaded.host.user("201", domain).value_or(""), "user_context"), "default");
    EXPECT_TRUE(loaded.host.call("201", "inside"));
    EXPECT_FALSE(loaded.host.call("201", "pnp-extensions"));
}

TEST(ModPnpExisting, UsersOfTheDirectoryGoOnPhones) {
    served({}, [](Loaded& loaded) {
        EXPECT_THAT(loaded.host.pnp("show extensions"),
                    AllOf(HasSubstr("1000"), HasSubstr("Anna <A>"), HasSubstr("1001"),
                          HasSubstr("1004"), Not(HasSubstr("1002")), Not(HasSubstr("1003")),
                          Not(HasSubstr("1005")), Not(HasSubstr("default"))));
        EXPECT_THAT(loaded.host.pnp(std::string("assign ") + phone + " 1000"),
                    Not(StartsWith("-ERR")));
        EXPECT_THAT(config(loaded), HasSubstr("of &amp; 1000"));
        EXPECT_THAT(loaded.host.pnp(std::string("assign ") + phone + " 1001"),
                    AllOf(StartsWith("-ERR"), HasSubstr("a hash cannot be turned back")));
        EXPECT_THAT(loaded.host.pnp(std::string("assign ") + phone + " 1003"), StartsWith("-ERR"));
        EXPECT_THAT(loaded.host.pnp(std::string("assign ") + phone + " 1005"), StartsWith("-ERR"));
        EXPECT_FALSE(loaded.host.user("1000", domain)) << "it stays the directory's";
        EXPECT_EQ(loaded.host.live_documents(), 0U);
    });
}

TEST(ModPnpExisting, APasswordMayBeInherited) {
    Files files;
    files.domain_params = R"(<params><param name="password" value="of the domain"/></params>)";
    served(files, [](Loaded& loaded) {
        loaded.host.pnp(std::string("assign ") + phone + " 1003");
        EXPECT_THAT(config(loaded), HasSubstr("of the domain"));
    });
}

/// What mod_sofia compares a REGISTER with (sofia_reg_parse_auth).
TEST(ModPnpExisting, APhoneHasThePasswordThatFreeSwitchTakes) {
    struct Given {
        const char* params; ///< of user 1003, and what else lies in it
        const char* password;
        bool has_hash = false; ///< that counts instead
    };

    for (const auto& [params, password, has_hash] : std::initializer_list<Given>{
             {R"(<params><param name="Password" value="large"/></params>)", "large"},
             {R"(<params><param name="password" value="first"/>
                 <param name="PASSWORD" value="last"/></params>)",
              "last"},
             {R"(<params><param name="vm-password" value="1"/></params>
                 <params><param name="password" value="second list"/></params>)",
              "of the domain"},
             {R"(<params><param name="a1-hash" value=""/></params>)", "of the domain", true},
             {R"(<params><param name="password" value=""/></params>)", nullptr}}) {
        Files files;
        files.domain_params = R"(<params><param name="password" value="of the domain"/></params>)";
        files.users = std::string(R"(<user id="1003">)") + params + "</user>";
        served(files, [password = password, has_hash = has_hash](Loaded& loaded) {
            const auto said = loaded.host.pnp(std::string("assign ") + phone + " 1003");
            if (password != nullptr) {
                EXPECT_THAT(config(loaded), HasSubstr(std::string(">") + password + "<"));
                EXPECT_EQ(loaded.host.has_logged(4, "user 1003 has an a1-hash"), has_hash);
            } else {
                EXPECT_THAT(said, AllOf(StartsWith("-ERR"), HasSubstr("no password")));
            }
        });
    }
}

/// The other domain stands before it in the file, and has a 1005 with another password.
TEST(ModPnpExisting, APhoneHasThePasswordOfTheDomainThatItRegistersUnder) {
    Files files;
    files.settings = R"(<param name="domain" value="pbx.example,elsewhere.example"/>)";
    files.users =
        R"(<user id="1005"><params><param name="password" value="ours"/></params></user>)";
    served(files, [](Loaded& loaded) {
        loaded.host.pnp(std::string("assign ") + phone + " 1005");
        EXPECT_THAT(config(loaded), HasSubstr(">ours<"));
    });
}

TEST(ModPnpExisting, AChangedPasswordIsReadWithTheNextFile) {
    served({}, [](Loaded& loaded) {
        loaded.host.pnp(std::string("assign ") + phone + " 1004");
        EXPECT_THAT(config(loaded), HasSubstr("alone"));
        loaded.site.files.users =
            R"(<user id="1004"><params><param name="password" value="another"/></params></user>)";
        loaded.host.document(loaded.site.document());
        EXPECT_THAT(config(loaded), HasSubstr("another"));
    });
}

TEST(ModPnpExisting, NothingOfTheAdministratorsIsHidden) {
    Files files;
    files.contexts = R"(<context name="pnp-extensions"><extension name="door">
        <condition field="destination_number" expression="^300$"/></extension></context>)";
    Loaded loaded(files);
    loaded.site.files.users += R"(<user id="Door"/>)";
    loaded.host.document(loaded.site.document());
    EXPECT_THAT(loaded.host.pnp("extension add door"), StartsWith("-ERR")) << "both are found";
    EXPECT_THAT(loaded.host.pnp("extension add 1000"), StartsWith("-ERR"));
    EXPECT_THAT(loaded.host.pnp("extension add 1900"), // its number-alias
                AllOf(StartsWith("-ERR"), HasSubstr("has a user 1900 in domain pbx.example")));
    EXPECT_THAT(loaded.host.pnp("extension add 300"),
                AllOf(StartsWith("-ERR"), HasSubstr("(extension door)")));

    loaded.host.pnp("extension add 301");
    loaded.site.files.users += R"(<user id="301"/>)"; // and now the administrator has one
    loaded.host.document(loaded.site.document());
    loaded.host.pnp("reload");
    EXPECT_FALSE(loaded.host.user("301", domain));
    EXPECT_THAT(loaded.host.pnp("status"), HasSubstr("extension 301 is not in the PBX"));
}

TEST(ModPnpExisting, AUserWhoComesWithAReloadxmlIsNotHiddenByOurs) {
    Loaded loaded;
    loaded.host.pnp("extension add 301");
    EXPECT_TRUE(loaded.host.user("301", domain));
    const auto before = loaded.site.files.users;
    loaded.site.files.users += R"(<user id="301"/>)";
    loaded.host.reloadxml(loaded.site.document());
    EXPECT_TRUE(fake::becomes_so([&] { return !loaded.host.user("301", domain); }));
    EXPECT_TRUE(fake::becomes_so(
        [&] { return loaded.host.has_logged(4, "extension 301 is not in the PBX"); }));

    loaded.site.files.users = before; // and goes again
    loaded.host.reloadxml(loaded.site.document());
    EXPECT_TRUE(fake::becomes_so([&] { return loaded.host.user("301", domain).has_value(); }));
}

TEST(ModPnpExisting, AUserWhomFreeSwitchDoesNotFindGoesOnNoPhone) {
    Files files; // it looks beside <users> only where there are none
    const std::string beside =
        R"(<user id="1006"><params><param name="password" value="x"/></params></user>)";
    files.domain_params = beside;
    Loaded with(files);
    EXPECT_THAT(with.host.pnp("show extensions"), Not(HasSubstr("1006")));
    EXPECT_THAT(with.host.pnp(std::string("assign ") + phone + " 1006"), StartsWith("-ERR"));

    auto document = with.site.document();
    document.replace(document.find("<users>" + files.users), ("<users>" + files.users).size(), "");
    document.replace(document.rfind("</users></domain>"), 8, "");
    with.host.document(document);
    EXPECT_THAT(with.host.pnp("show extensions"), HasSubstr("1006"));
}

/// The retry comes within some ten seconds, so this one takes as long.
TEST(ModPnpExisting, AReloadxmlWithoutTheDirectoryTakesNothingBackAndIsTriedAgain) {
    served({}, [](Loaded& loaded) {
        const auto seen = loaded.site.document();
        loaded.give("301");
        loaded.host.pnp("assign 001fc1000002 1000");
        const auto others = [&] {
            return loaded.host.pnp("render 001fc1000002 cfg001fc1000002.xml --reveal");
        };
        const auto before = config(loaded);
        ASSERT_THAT(others(), HasSubstr("of &amp; 1000"));

        loaded.site.files.has_directory = false; // another module answers for pnp.conf
        loaded.host.reloadxml(loaded.site.document());
        EXPECT_TRUE(fake::becomes_so(
            [&] { return loaded.host.has_logged(4, "our extensions in the PBX are left"); }));
        loaded.host.reloadxml(
            "<document><section name=\"configuration\"/></document>"); // and now it is gone
        EXPECT_TRUE(fake::becomes_so(
            [&] { return loaded.host.has_logged(4, "there is no configuration pnp.conf"); }));
        EXPECT_TRUE(loaded.host.user("301", domain));
        EXPECT_TRUE(loaded.host.call("301", "pnp-extensions"));
        EXPECT_EQ(config(loaded), before) << "its file is made all the same";
        EXPECT_THAT(others(), HasSubstr("of &amp; 1000"));
        EXPECT_THAT(loaded.host.pnp("show extensions"), HasSubstr("Anna <A>"));
        EXPECT_THAT(loaded.host.pnp("status"), HasSubstr("our extensions in the PBX are left"));
        EXPECT_THAT(loaded.host.pnp("extension add 302"), StartsWith("-ERR"));

        auto after = seen; // it is back, without a word, and has a user of that number
        after.replace(after.rfind("</users></domain>"), 0, R"(<user id="301"/>)");
        loaded.host.document(after);
        EXPECT_TRUE(fake::becomes_so([&] { return !loaded.host.user("301", domain); }));
        EXPECT_THAT(loaded.host.pnp("status"), Not(HasSubstr("are left as they are")));
        EXPECT_EQ(loaded.host.live_documents(), 0U);
    });
}

/// FreeSWITCH is started again while another module answers for pnp.conf, and its server is away.
TEST(ModPnpExisting, OurPhonesRegisterAfterARestartThatSeesNoDirectory) {
    Loaded loaded;
    loaded.host.pnp("extension add 301");
    loaded.host.pnp("extension add 302");
    ASSERT_EQ(loaded.host.unload(), 0);
    const auto seen = loaded.site.document();
    loaded.site.files.has_directory = false;
    loaded.host.document(loaded.site.document());
    ASSERT_EQ(loaded.host.load(MOD_PNP), 0);
    EXPECT_TRUE(loaded.host.user("301", domain));
    EXPECT_TRUE(loaded.host.call("302", "pnp-extensions"));
    EXPECT_THAT(loaded.host.pnp("extension add 303"), StartsWith("-ERR"));

    auto after = seen; // it is back, and has a user of that number
    after.replace(after.rfind("</users></domain>"), 0, R"(<user id="301"/>)");
    loaded.host.reloadxml(after);
    EXPECT_TRUE(fake::becomes_so([&] { return !loaded.host.user("301", domain); }));
    EXPECT_TRUE(loaded.host.user("302", domain));
    EXPECT_THAT(loaded.host.pnp("status"), Not(HasSubstr("are left as they are")));
}

TEST(ModPnpDirectory, IsNotReadForTheFilesOfOurExtensions) {
    served({}, [](Loaded& loaded) {
        loaded.give("201");
        loaded.host.take_read();
        EXPECT_THAT(config(loaded), HasSubstr("201"));
        EXPECT_EQ(loaded.host.take_read().documents, 0U);
    });
}

TEST(ModPnpExisting, ABurstOfReloadxmlsReadsEachUserOnce) {
    Files files;
    for (int number = 3000; number < 3200; ++number) {
        files.users += "<user id=\"" + std::to_string(number) + "\"/>";
    }
    Loaded loaded(files);
    constexpr int ours = 30;
    for (int number = 500; number < 500 + ours; ++number) {
        loaded.host.pnp("extension add " + std::to_string(number));
    }
    loaded.site.files.users += R"(<user id="501"/>)";
    const auto document = loaded.site.document();
    loaded.host.take_read();
    for (int count = 0; count < 5; ++count) {
        loaded.host.reloadxml(document);
    }
    EXPECT_TRUE(fake::becomes_so([&] { return !loaded.host.user("501", domain); }));
    const auto read = loaded.host.take_read();
    EXPECT_EQ(read.documents, 1U);
    EXPECT_EQ(read.users, 200U + 6U) << "1000, 1001, default, 1003, 1004, 501";
    EXPECT_TRUE(loaded.host.user("502", domain));
}

TEST(ModPnpExisting, NothingIsGivenOutWhileTheDirectoryCannotBeSeen) {
    Files files;
    files.has_directory = false; // another module answers for pnp.conf
    Loaded loaded(files);
    const auto blind = HasSubstr("another module answers for pnp.conf itself");
    EXPECT_THAT(loaded.host.pnp("extension add 1000"), AllOf(StartsWith("-ERR"), blind));
    EXPECT_THAT(loaded.host.pnp(std::string("assign ") + phone + " 1000"),
                AllOf(StartsWith("-ERR"), blind));
    EXPECT_FALSE(loaded.host.user("1000", domain));
    EXPECT_EQ(loaded.host.live_documents(), 0U);
}

TEST(ModPnpDirectory, AnswersWhileExtensionsComeAndGo) {
    Loaded loaded;
    loaded.give("201");
    std::atomic<bool> stops = false;
    std::atomic<int> answered = 0;
    std::vector<std::thread> lookers;
    for (int count = 0; count < 3; ++count) {
        lookers.emplace_back([&] {
            while (!stops) {
                answered +=
                    loaded.host.user("201", domain) && loaded.host.call("201", "pnp-extensions");
                loaded.host.user("205", domain);
            }
        });
    }
    for (int round = 0; round < 5; ++round) {
        loaded.host.pnp("extension add 205");
        loaded.host.pnp("extension remove 205");
    }
    stops = true;
    for (auto& one : lookers) {
        one.join();
    }
    EXPECT_GT(answered, 0);
}

TEST(ModPnpDirectory, ALookUpTakesMicroseconds) {
    Loaded loaded;
    loaded.give("201");
    constexpr int count = 2000;
    const auto took = [&](const auto& look) {
        const auto began = std::chrono::steady_clock::now();
        for (int at = 0; at < count; ++at) {
            look();
        }
        return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - began)
                   .count() /
               count;
    };
    const auto answer = loaded.host.user("201", domain).value_or("");
    const double ours = took([&] { loaded.host.user("201", domain); });
    const double call = took([&] { loaded.host.call("201", "pnp-extensions"); });
    const double none = took([&] { loaded.host.user("1000", domain); });
    const double read = took([&] { value(answer, "//user/@id"); });
    // ./test shows lines that begin so.
    std::cout << "measured: FreeSWITCH looks a user of ours up in " << std::lround(ours) << " us, "
              << std::round(ours / read * 10) / 10
              << " times what libxml2 takes to read the answer; a call in " << std::lround(call)
              << " us; what is not ours in " << std::lround(none) << " us\n";
    // Far more than it takes on any machine, and far less than a file or the disk.
    for (const double one : {ours, call, none}) {
        EXPECT_LT(one, 100 * read);
    }
}

} // namespace
