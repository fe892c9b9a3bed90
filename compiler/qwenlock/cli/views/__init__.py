"""Views for people: catalogues, differences and reports, on a terminal, in Markdown, as pages.

Text from files is cleaned and put into `rich.text.Text`, so it is never read as markup.
"""
