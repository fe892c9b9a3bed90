"""What people look at: catalogues, differences and reports, for a terminal, in Markdown, as pages.

What comes from a file is put into `rich.text.Text`, cleaned, and never read as markup.
"""
